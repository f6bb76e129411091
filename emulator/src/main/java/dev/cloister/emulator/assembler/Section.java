package dev.cloister.emulator.assembler;

import java.io.ByteArrayOutputStream;

/** One section's content during a pass. */
final class Section {
    /** The sections there are, in the order in which they are laid out. */
    enum Name {
        TEXT,
        DATA,
        BSS
    }

    private final Name name;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long base;
    private long size;

    Section(Name name) {
        this.name = name;
    }

    Name name() {
        return name;
    }

    void restart() {
        bytes.reset();
        size = 0;
    }

    void append(byte[] from, int offset, int length) {
        if (name == Name.BSS) {
            throw new LineError(1, "'.bss' holds reserved space only; use resb, or 'section .data'");
        }
        bytes.write(from, offset, length);
        size += length;
    }

    void fill(long count, int with) {
        if (name != Name.BSS) {
            for (long i = 0; i < count; i++) {
                bytes.write(with);
            }
        }
        size += count;
    }

    byte[] content() {
        return bytes.toByteArray();
    }

    long base() {
        return base;
    }

    void base(long address) {
        base = address;
    }

    long size() {
        return size;
    }
}
