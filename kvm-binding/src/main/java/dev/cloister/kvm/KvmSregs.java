package dev.cloister.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/**
 * The layout of {@code struct kvm_sregs}: segment, table and control registers. Accessors over {@link Vcpu#syncSregs()} or
 * {@link Vcpu#readSregs()}; nothing is allocated. {@code struct kvm_sregs2} has the same layout up to {@link #APIC_BASE}.
 */
public final class KvmSregs {
    /** Bytes of the structure. */
    public static final int SIZE = 312;
    /** Offset of the segment register CS. */
    public static final long CS = 0;
    /** Offset of the segment register DS. */
    public static final long DS = 24;
    /** Offset of the segment register ES. */
    public static final long ES = 48;
    /** Offset of the segment register FS. */
    public static final long FS = 72;
    /** Offset of the segment register GS. */
    public static final long GS = 96;
    /** Offset of the segment register SS. */
    public static final long SS = 120;
    /** Offset of the segment register TR. */
    public static final long TR = 144;
    /** Offset of the segment register LDT. */
    public static final long LDT = 168;
    /** Offset of the table register GDTR. */
    public static final long GDT = 192;
    /** Offset of the table register IDTR. */
    public static final long IDT = 208;
    /** Offset of CR0. */
    public static final long CR0 = 224;
    /** Offset of CR2. */
    public static final long CR2 = 232;
    /** Offset of CR3. */
    public static final long CR3 = 240;
    /** Offset of CR4. */
    public static final long CR4 = 248;
    /** Offset of CR8. */
    public static final long CR8 = 256;
    /** Offset of EFER. */
    public static final long EFER = 264;
    /** Offset of the MSR IA32_APIC_BASE. */
    public static final long APIC_BASE = 272;
    /** Offset of the bitmap (256 bits) with at most one external interrupt that is being delivered. */
    public static final long INTERRUPT_BITMAP = 280;

    /** Within a segment register: the base, 8 bytes. */
    public static final long SEGMENT_BASE = 0;
    /** Within a segment register: the limit in bytes, 4 bytes. */
    public static final long SEGMENT_LIMIT = 8;
    /** Within a segment register: the selector, 2 bytes. */
    public static final long SEGMENT_SELECTOR = 12;
    /** Within a segment register: the type field of the descriptor (Intel SDM vol. 3, 3.4.5.1), 1 byte. */
    public static final long SEGMENT_TYPE = 14;
    /** Within a segment register: the present bit, 1 byte. */
    public static final long SEGMENT_PRESENT = 15;
    /** Within a segment register: the descriptor privilege level, 1 byte. */
    public static final long SEGMENT_DPL = 16;
    /** Within a segment register: 1 for 32-bit default size, 1 byte. */
    public static final long SEGMENT_DB = 17;
    /** Within a segment register: 1 for code or data, 0 for system, 1 byte. */
    public static final long SEGMENT_S = 18;
    /** Within a segment register: 1 for 64-bit code, 1 byte. */
    public static final long SEGMENT_L = 19;
    /** Within a segment register: the granularity bit; the limit is in bytes either way, 1 byte. */
    public static final long SEGMENT_G = 20;
    /** Within a segment register: the bit for software, 1 byte. */
    public static final long SEGMENT_AVL = 21;
    /** Within a segment register: 1 when loaded with a null selector, 1 byte. */
    public static final long SEGMENT_UNUSABLE = 22;
    /** Within a table register: the base, 8 bytes. */
    public static final long TABLE_BASE = 0;
    /** Within a table register: the limit, 2 bytes. */
    public static final long TABLE_LIMIT = 8;

    private KvmSregs() {}

    /**
     * Reads a control register, EFER or the APIC base.
     *
     * @param sregs the structure
     * @param offset {@link #CR0} to {@link #APIC_BASE}
     * @return its value
     */
    public static long get(MemorySegment sregs, long offset) {
        return sregs.get(JAVA_LONG, offset);
    }

    /**
     * Writes a control register, EFER or the APIC base.
     *
     * @param sregs the structure
     * @param offset {@link #CR0} to {@link #APIC_BASE}
     * @param value the value
     */
    public static void set(MemorySegment sregs, long offset, long value) {
        sregs.set(JAVA_LONG, offset, value);
    }

    /**
     * Reads the base of a segment or table register.
     *
     * @param sregs the structure
     * @param register {@link #CS} to {@link #IDT}
     * @return a gva
     */
    public static long base(MemorySegment sregs, long register) {
        return sregs.get(JAVA_LONG, register);
    }

    /**
     * Reads the limit of a segment register.
     *
     * @param sregs the structure
     * @param segment {@link #CS} to {@link #LDT}
     * @return bytes − 1, as an unsigned 32-bit number
     */
    public static int limit(MemorySegment sregs, long segment) {
        return sregs.get(JAVA_INT, segment + SEGMENT_LIMIT);
    }

    /**
     * Reads the selector of a segment register.
     *
     * @param sregs the structure
     * @param segment {@link #CS} to {@link #LDT}
     * @return 0 to 0xffff
     */
    public static int selector(MemorySegment sregs, long segment) {
        return Short.toUnsignedInt(sregs.get(JAVA_SHORT, segment + SEGMENT_SELECTOR));
    }

    /**
     * Reads an attribute of a segment register.
     *
     * @param sregs the structure
     * @param segment {@link #CS} to {@link #LDT}
     * @param attribute {@link #SEGMENT_TYPE} to {@link #SEGMENT_UNUSABLE}
     * @return its value
     */
    public static int attribute(MemorySegment sregs, long segment, long attribute) {
        return Byte.toUnsignedInt(sregs.get(JAVA_BYTE, segment + attribute));
    }

    /**
     * Writes an attribute of a segment register.
     *
     * @param sregs the structure
     * @param segment {@link #CS} to {@link #LDT}
     * @param attribute {@link #SEGMENT_TYPE} to {@link #SEGMENT_UNUSABLE}
     * @param value its value
     */
    public static void setAttribute(MemorySegment sregs, long segment, long attribute, int value) {
        sregs.set(JAVA_BYTE, segment + attribute, (byte) value);
    }

    /**
     * Writes the base, limit and selector of a segment register, leaving its attributes.
     *
     * @param sregs the structure
     * @param segment {@link #CS} to {@link #LDT}
     * @param base a gva
     * @param limit bytes − 1
     * @param selector the selector
     */
    public static void setSegment(MemorySegment sregs, long segment, long base, int limit, int selector) {
        sregs.set(JAVA_LONG, segment, base);
        sregs.set(JAVA_INT, segment + SEGMENT_LIMIT, limit);
        sregs.set(JAVA_SHORT, segment + SEGMENT_SELECTOR, (short) selector);
    }

    /**
     * Reads the limit of a table register.
     *
     * @param sregs the structure
     * @param table {@link #GDT} or {@link #IDT}
     * @return bytes − 1
     */
    public static int tableLimit(MemorySegment sregs, long table) {
        return Short.toUnsignedInt(sregs.get(JAVA_SHORT, table + TABLE_LIMIT));
    }

    /**
     * Writes a table register.
     *
     * @param sregs the structure
     * @param table {@link #GDT} or {@link #IDT}
     * @param base a gva
     * @param limit bytes − 1
     */
    public static void setTable(MemorySegment sregs, long table, long base, int limit) {
        sregs.set(JAVA_LONG, table, base);
        sregs.set(JAVA_SHORT, table + TABLE_LIMIT, (short) limit);
    }
}
