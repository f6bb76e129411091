package dev.cloister.kvm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** The layout of {@code struct kvm_regs}: accessors over {@link Vcpu#syncRegs()} or {@link Vcpu#readRegs()}; nothing is allocated. */
public final class KvmRegs {
    /** Bytes of the structure. */
    public static final int SIZE = 144;
    /** Offset of RAX. */
    public static final long RAX = 0;
    /** Offset of RBX. */
    public static final long RBX = 8;
    /** Offset of RCX. */
    public static final long RCX = 16;
    /** Offset of RDX. */
    public static final long RDX = 24;
    /** Offset of RSI. */
    public static final long RSI = 32;
    /** Offset of RDI. */
    public static final long RDI = 40;
    /** Offset of RSP. */
    public static final long RSP = 48;
    /** Offset of RBP. */
    public static final long RBP = 56;
    /** Offset of R8. */
    public static final long R8 = 64;
    /** Offset of R9. */
    public static final long R9 = 72;
    /** Offset of R10. */
    public static final long R10 = 80;
    /** Offset of R11. */
    public static final long R11 = 88;
    /** Offset of R12. */
    public static final long R12 = 96;
    /** Offset of R13. */
    public static final long R13 = 104;
    /** Offset of R14. */
    public static final long R14 = 112;
    /** Offset of R15. */
    public static final long R15 = 120;
    /** Offset of RIP. */
    public static final long RIP = 128;
    /** Offset of RFLAGS. */
    public static final long RFLAGS = 136;

    // KVM's order is rax rbx rcx rdx rsi rdi rsp rbp; instruction encodings count rax rcx rdx rbx rsp rbp rsi rdi.
    private static final long[] BY_ENCODING = {
        RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15
    };

    private KvmRegs() {}

    /**
     * Reads a register.
     *
     * @param regs the structure
     * @param offset an offset constant of this class
     * @return its value
     */
    public static long get(MemorySegment regs, long offset) {
        return regs.get(JAVA_LONG, offset);
    }

    /**
     * Writes a register.
     *
     * @param regs the structure
     * @param offset an offset constant of this class
     * @param value the value
     */
    public static void set(MemorySegment regs, long offset, long value) {
        regs.set(JAVA_LONG, offset, value);
    }

    /**
     * The offset of the register that an instruction encodes by a number.
     *
     * @param register 0 to 15: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 … r15 (Intel SDM vol. 2 table 2-2)
     * @return an offset constant of this class
     */
    public static long byEncoding(int register) {
        return BY_ENCODING[register];
    }

    /**
     * Reads RAX.
     *
     * @param regs the structure
     * @return its value
     */
    public static long rax(MemorySegment regs) {
        return regs.get(JAVA_LONG, RAX);
    }

    /**
     * Reads RIP.
     *
     * @param regs the structure
     * @return its value
     */
    public static long rip(MemorySegment regs) {
        return regs.get(JAVA_LONG, RIP);
    }

    /**
     * Reads RSP.
     *
     * @param regs the structure
     * @return its value
     */
    public static long rsp(MemorySegment regs) {
        return regs.get(JAVA_LONG, RSP);
    }

    /**
     * Reads RFLAGS.
     *
     * @param regs the structure
     * @return its value
     */
    public static long rflags(MemorySegment regs) {
        return regs.get(JAVA_LONG, RFLAGS);
    }
}
