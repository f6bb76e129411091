package dev.cloister.mmu;

/** Why a linear address is translated (SDM volume 3, 4.6). */
public enum AccessKind {
    /** A data read by an instruction. */
    READ(false, false, false),
    /** A data write by an instruction; also the whole of a read-modify-write. */
    WRITE(true, false, false),
    /** An instruction fetch. */
    EXECUTE(false, true, false),
    /** A read that the processor itself makes in supervisor mode whatever the CPL is: descriptor tables, the TSS. */
    IMPLICIT_READ(false, false, true),
    /** A write that the processor itself makes in supervisor mode whatever the CPL is. */
    IMPLICIT_WRITE(true, false, true);

    final boolean write;
    final boolean fetch;
    final boolean implicit;

    AccessKind(boolean write, boolean fetch, boolean implicit) {
        this.write = write;
        this.fetch = fetch;
        this.implicit = implicit;
    }
}
