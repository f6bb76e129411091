package dev.cloister.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/**
 * The layout of {@code struct kvm_vcpu_events}: exceptions, interrupts and NMIs that are pending or half delivered. Accessors over
 * {@link Vcpu#syncEvents()} or {@link Vcpu#readEvents()}; nothing is allocated.
 */
public final class KvmEvents {
    /** Bytes of the structure. */
    public static final int SIZE = 64;
    /** Offset: whether an exception is being delivered; 1 byte. */
    public static final long EXCEPTION_INJECTED = 0;
    /** Offset: its vector; 1 byte. */
    public static final long EXCEPTION_NR = 1;
    /** Offset: whether it has an error code; 1 byte. */
    public static final long EXCEPTION_HAS_ERROR_CODE = 2;
    /** Offset: whether an exception is pending (with {@code KVM_CAP_EXCEPTION_PAYLOAD}); 1 byte. */
    public static final long EXCEPTION_PENDING = 3;
    /** Offset: its error code; 4 bytes. */
    public static final long EXCEPTION_ERROR_CODE = 4;
    /** Offset: whether an interrupt is being delivered; 1 byte. */
    public static final long INTERRUPT_INJECTED = 8;
    /** Offset: its vector; 1 byte. */
    public static final long INTERRUPT_NR = 9;
    /** Offset: whether it is a software interrupt; 1 byte. */
    public static final long INTERRUPT_SOFT = 10;
    /** Offset: {@link #SHADOW_MOV_SS} and {@link #SHADOW_STI} bits; 1 byte. */
    public static final long INTERRUPT_SHADOW = 11;
    /** Offset: whether an NMI is being delivered; 1 byte. */
    public static final long NMI_INJECTED = 12;
    /** Offset: whether an NMI is pending; 1 byte. */
    public static final long NMI_PENDING = 13;
    /** Offset: whether NMIs are masked; 1 byte. */
    public static final long NMI_MASKED = 14;
    /** Offset: the start-up vector; 4 bytes. */
    public static final long SIPI_VECTOR = 16;
    /** Offset: {@code VALID_…} bits: what {@code KVM_SET_VCPU_EVENTS} takes; 4 bytes. */
    public static final long FLAGS = 20;
    /** Offset: whether in system-management mode; 1 byte. */
    public static final long SMI_SMM = 24;
    /** Offset: whether a triple fault is pending; 1 byte. */
    public static final long TRIPLE_FAULT_PENDING = 28;
    /** Offset: whether a payload comes with the exception; 1 byte. */
    public static final long EXCEPTION_HAS_PAYLOAD = 55;
    /** Offset: the payload: CR2 or DR6; 8 bytes. */
    public static final long EXCEPTION_PAYLOAD = 56;

    /** {@link #FLAGS}: the pending NMI counts. */
    public static final int VALID_NMI_PENDING = 0x1;
    /** {@link #FLAGS}: the start-up vector counts. */
    public static final int VALID_SIPI_VECTOR = 0x2;
    /** {@link #FLAGS}: the interrupt shadow counts. */
    public static final int VALID_SHADOW = 0x4;
    /** {@link #FLAGS}: the system-management state counts. */
    public static final int VALID_SMM = 0x8;
    /** {@link #FLAGS}: the pending exception and its payload count. */
    public static final int VALID_PAYLOAD = 0x10;
    /** {@link #FLAGS}: the pending triple fault counts. */
    public static final int VALID_TRIPLE_FAULT = 0x20;
    /** {@link #INTERRUPT_SHADOW}: the instruction after {@code mov ss} or {@code pop ss}. */
    public static final int SHADOW_MOV_SS = 1;
    /** {@link #INTERRUPT_SHADOW}: the instruction after {@code sti}. */
    public static final int SHADOW_STI = 2;

    private KvmEvents() {}

    /**
     * Reads a one-byte field.
     *
     * @param events the structure
     * @param offset an offset constant of this class
     * @return 0 to 255
     */
    public static int get(MemorySegment events, long offset) {
        return Byte.toUnsignedInt(events.get(JAVA_BYTE, offset));
    }

    /**
     * Writes a one-byte field.
     *
     * @param events the structure
     * @param offset an offset constant of this class
     * @param value 0 to 255
     */
    public static void set(MemorySegment events, long offset, int value) {
        events.set(JAVA_BYTE, offset, (byte) value);
    }

    /**
     * Reads a four-byte field.
     *
     * @param events the structure
     * @param offset {@link #EXCEPTION_ERROR_CODE}, {@link #SIPI_VECTOR} or {@link #FLAGS}
     * @return its value
     */
    public static int getInt(MemorySegment events, long offset) {
        return events.get(JAVA_INT, offset);
    }

    /**
     * Writes a four-byte field.
     *
     * @param events the structure
     * @param offset {@link #EXCEPTION_ERROR_CODE}, {@link #SIPI_VECTOR} or {@link #FLAGS}
     * @param value its value
     */
    public static void setInt(MemorySegment events, long offset, int value) {
        events.set(JAVA_INT, offset, value);
    }

    /**
     * Makes an exception be delivered at the next entry, as if the instruction at RIP had raised it.
     *
     * @param events the structure
     * @param vector 0 to 31
     * @param hasErrorCode whether the vector pushes an error code
     * @param errorCode the error code; 0 without one
     */
    public static void injectException(MemorySegment events, int vector, boolean hasErrorCode, int errorCode) {
        set(events, EXCEPTION_INJECTED, 1);
        set(events, EXCEPTION_NR, vector);
        set(events, EXCEPTION_HAS_ERROR_CODE, hasErrorCode ? 1 : 0);
        setInt(events, EXCEPTION_ERROR_CODE, errorCode);
    }
}
