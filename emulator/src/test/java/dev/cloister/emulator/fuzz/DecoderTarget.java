package dev.cloister.emulator.fuzz;

import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Formatter;
import dev.cloister.emulator.decode.Instruction;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Consumer;

/**
 * Decodes in all modes. What decodes has 1 to 15 bytes and a text, decodes alike from exactly its bytes, and is truncated from fewer; the
 * bytes behind it make no difference.
 */
final class DecoderTarget implements Consumer<byte[]> {
    private final Decoder decoder = new Decoder();
    private final Instruction instruction = new Instruction();

    @Override
    public void accept(byte[] data) {
        for (int bits = 16; bits <= 64; bits *= 2) {
            DecodeResult result = decoder.decode(data, 0, data.length, bits, 0x1000, instruction);
            if (result == DecodeResult.OK) {
                whole(data, bits);
            } else {
                check(
                        result != DecodeResult.TRUNCATED || data.length < Instruction.MAX_LENGTH,
                        "truncated",
                        data,
                        bits);
            }
        }
    }

    private void whole(byte[] data, int bits) {
        int length = instruction.length();
        check(length >= 1 && length <= Instruction.MAX_LENGTH && length <= data.length, "length", data, bits);
        String text = Formatter.format(instruction);
        check(!text.isEmpty(), "text", data, bits);
        byte[] exact = Arrays.copyOf(data, length);
        DecodeResult again = decoder.decode(exact, 0, length, bits, 0x1000, instruction);
        check(again == DecodeResult.OK && instruction.length() == length, "exact", data, bits);
        check(Formatter.format(instruction).equals(text), "text of the exact bytes", data, bits);
        DecodeResult shorter = decoder.decode(exact, 0, length - 1, bits, 0x1000, instruction);
        check(shorter == DecodeResult.TRUNCATED, "one byte less", data, bits);
    }

    private static void check(boolean holds, String what, byte[] data, int bits) {
        if (!holds) {
            throw new AssertionError(what + " of " + HexFormat.of().formatHex(data) + " in " + bits + "-bit code");
        }
    }
}
