package dev.cloister.vmm.debug.gdb;

import java.util.Arrays;

/** Binary data within packets: a brace escapes the byte after it, which is changed by 0x20 (GDB manual, E.1). */
final class Binary {
    private static final int ESCAPE = '}';
    private static final int CHANGE = 0x20;

    private Binary() {}

    /** Takes the escapes out; each char is one byte. */
    static byte[] unescape(String text) throws BadPacket {
        byte[] bytes = new byte[text.length()];
        int count = 0;
        for (int i = 0; i < text.length(); i++) {
            int value = text.charAt(i);
            if (value == ESCAPE) {
                i++;
                if (i == text.length()) {
                    throw new BadPacket();
                }
                value = text.charAt(i) ^ CHANGE;
            }
            bytes[count++] = (byte) value;
        }
        return Arrays.copyOf(bytes, count);
    }
}
