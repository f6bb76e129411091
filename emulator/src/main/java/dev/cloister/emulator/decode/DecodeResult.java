package dev.cloister.emulator.decode;

/** What became of one call of {@link Decoder#decode}; the set is closed. */
public enum DecodeResult {
    /** The instruction is complete. */
    OK,
    /** More bytes are needed than were given. */
    TRUNCATED,
    /** No instruction has this encoding; {@link Instruction#length()} counts the bytes looked at. */
    INVALID,
    /** The instruction would exceed 15 bytes, which raises #GP. */
    TOO_LONG
}
