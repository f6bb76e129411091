package dev.cloister.emulator.cpu;

/** Bits of RFLAGS (Intel SDM vol. 1, 3.4.3). */
public final class Flags {
    /** Carry. */
    public static final long CF = 1;
    /** Bit 1, always set. */
    public static final long RESERVED = 2;
    /** Parity. */
    public static final long PF = 4;
    /** Auxiliary carry. */
    public static final long AF = 0x10;
    /** Zero. */
    public static final long ZF = 0x40;
    /** Sign. */
    public static final long SF = 0x80;
    /** Trap. */
    public static final long TF = 0x100;
    /** Interrupts enabled. */
    public static final long IF = 0x200;
    /** Direction. */
    public static final long DF = 0x400;
    /** Overflow. */
    public static final long OF = 0x800;
    /** I/O privilege level, two bits. */
    public static final long IOPL = 0x3000;
    /** Nested task. */
    public static final long NT = 0x4000;
    /** Resume. */
    public static final long RF = 0x10000;
    /** Virtual-8086 mode. */
    public static final long VM = 0x20000;
    /** Alignment check, and SMAP override. */
    public static final long AC = 0x40000;
    /** Virtual interrupt flag. */
    public static final long VIF = 0x80000;
    /** Virtual interrupt pending. */
    public static final long VIP = 0x100000;
    /** CPUID is available. */
    public static final long ID = 0x200000;

    /** The six that arithmetic writes. */
    public static final long STATUS = CF | PF | AF | ZF | SF | OF;

    /** Every flag that exists. */
    public static final long ALL = STATUS | TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID;

    private Flags() {}
}
