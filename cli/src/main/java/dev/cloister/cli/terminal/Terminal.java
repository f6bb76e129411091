package dev.cloister.cli.terminal;

import java.io.Console;
import java.nio.charset.StandardCharsets;

/** What the command knows of the terminal it prints to. */
public final class Terminal {
    private static final byte[] DOT = "·".getBytes(StandardCharsets.UTF_8);

    private Terminal() {}

    /** Returns whether people look at the output: standard input and output are a terminal. */
    public static boolean isTerminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    /** Returns the bytes with every control character but newline, return and tab replaced. */
    public static byte[] printable(byte[] bytes, int count) {
        java.io.ByteArrayOutputStream clean = new java.io.ByteArrayOutputStream(count);
        for (int i = 0; i < count; i++) {
            int b = bytes[i] & 0xff;
            boolean passes = b >= 0x20 && b < 0x7f || b == '\n' || b == '\r' || b == '\t';
            if (passes) {
                clean.write(b);
            } else {
                clean.writeBytes(DOT);
            }
        }
        return clean.toByteArray();
    }
}
