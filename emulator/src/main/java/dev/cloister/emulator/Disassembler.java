package dev.cloister.emulator;

import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Formatter;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.InstructionTables;
import java.io.IOException;

/** Instructions as text, in the syntax of the Intel manuals. One thread at a time. */
public final class Disassembler {
    private final Decoder decoder = new Decoder();
    private final Instruction instruction = new Instruction();
    private DecodeResult result = DecodeResult.INVALID;

    /** Makes a disassembler; the tables are shared and read at first use. */
    public Disassembler() {}

    /**
     * Reads the instruction tables without parsing them, so that nothing has to be opened later; for a process that gives up opening
     * files before it decodes the first instruction.
     *
     * @throws IOException if the class path lacks one
     */
    public static void prefetch() throws IOException {
        InstructionTables.prefetch();
    }

    /**
     * Decodes one instruction.
     *
     * @param code holds the bytes
     * @param offset of the first
     * @param available how many may be looked at
     * @param bits default width of code: 16, 32 or 64
     * @param address RIP of the first byte
     * @return true if it is whole and valid
     */
    public boolean decode(byte[] code, int offset, int available, int bits, long address) {
        result = decoder.decode(code, offset, available, bits, address, instruction);
        return result == DecodeResult.OK;
    }

    /**
     * Bytes of the last instruction.
     *
     * @return 1 to 15; meaningful after a successful {@link #decode}
     */
    public int length() {
        return instruction.length();
    }

    /**
     * The last instruction with its operands.
     *
     * @return for example {@code mov eax,[rbx+8]}; "(bad)" where it was not whole and valid
     */
    public String text() {
        return result == DecodeResult.OK ? Formatter.format(instruction) : "(bad)";
    }
}
