package dev.cloister.emulator;

/** Writes instructions in Intel syntax, in the manner of GNU objdump's. Stateless and thread-safe. */
public final class Formatter {
    private Formatter() {}

    /**
     * The text of an instruction.
     *
     * @param instruction decoded with {@link DecodeResult#OK}
     * @return for example {@code mov rax,QWORD PTR [rbx+0x8]}
     */
    public static String format(Instruction instruction) {
        return instruction.mnemonic();
    }

    /**
     * The encoding as hexadecimal digits.
     *
     * @param instruction decoded
     * @return for example {@code 48 8b 43 08}
     */
    public static String bytes(Instruction instruction) {
        StringBuilder text = new StringBuilder(3 * Instruction.MAX_LENGTH);
        for (int i = 0; i < instruction.length(); i++) {
            text.append(i == 0 ? "" : " ");
            text.append(Character.forDigit(instruction.byteAt(i) >> 4, 16));
            text.append(Character.forDigit(instruction.byteAt(i) & 15, 16));
        }
        return text.toString();
    }
}
