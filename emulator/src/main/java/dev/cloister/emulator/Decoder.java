package dev.cloister.emulator;

/** stub */
public final class Decoder {
    /**
     * Decodes one instruction.
     *
     * @param code holds the bytes
     * @param offset of the first
     * @param available how many may be looked at
     * @param bits default width of code: 16, 32 or 64
     * @param address RIP of the first byte
     * @param into receives the result
     * @return whether it is whole
     */
    public DecodeResult decode(byte[] code, int offset, int available, int bits, long address, Instruction into) {
        return DecodeResult.INVALID;
    }
}
