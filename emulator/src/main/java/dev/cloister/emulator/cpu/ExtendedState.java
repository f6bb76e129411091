package dev.cloister.emulator.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * x87, MMX, SSE, AVX and later vector state as an XSAVE area in the standard format (Intel SDM vol. 1, 13.4): the
 * 512-byte legacy region, the 64-byte header, then the components at the offsets that CPUID leaf 0xD reports. The image is
 * authoritative; accessors read and write its bytes. Components that the emulator doesn't know are carried unchanged.
 * A component whose XSTATE_BV bit is clear reads as its initial value only after {@link #normalize()}.
 */
public final class ExtendedState {
    /** Bytes of the image: as large as KVM's fixed area. */
    public static final int SIZE = 4096;
    /** XSTATE_BV and XCR0 bit of the x87 component. */
    public static final long X87 = 1;
    /** XSTATE_BV and XCR0 bit of the SSE component. */
    public static final long SSE = 2;
    /** XSTATE_BV and XCR0 bit of the upper halves of YMM0 to YMM15. */
    public static final long AVX = 4;
    /** XSTATE_BV and XCR0 bit of the protection keys' register. */
    public static final long PKRU = 1L << 9;

    public static final int HEADER = 512;
    public static final int XMM = 160;
    public static final int YMM_HIGH = 576;
    public static final int DEFAULT_CONTROL = 0x37F;
    public static final int DEFAULT_MXCSR = 0x1F80;
    public static final int LEGACY = 512;

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] image = new byte[SIZE];
    private int pkru;

    public ExtendedState() {
        reset();
    }

    /** Sets the state after reset: x87 and SSE as FNINIT and reset leave them, all else zero. */
    public void reset() {
        Arrays.fill(image, (byte) 0);
        pkru = 0;
        setControlWord(DEFAULT_CONTROL);
        setMxcsr(DEFAULT_MXCSR);
        setInt(28, 0xFFFF);
    }

    /**
     * The image itself, shared with the caller.
     *
     * @return {@link #SIZE} bytes
     */
    public byte[] image() {
        return image;
    }

    /** Writes the initial values of the x87, SSE and AVX components whose XSTATE_BV bit is clear, and sets those bits. */
    public void normalize() {
        long present = xstateBv();
        writeInitial(~present);
        if ((present & (SSE | AVX)) == 0) {
            setMxcsr(DEFAULT_MXCSR);
        }
        setXstateBv(present | X87 | SSE | AVX);
    }

    /** Gives the components of the mask (x87, SSE, AVX only) their initial values, leaving XSTATE_BV alone. */
    public void writeInitial(long mask) {
        if ((mask & X87) != 0) {
            initX87();
        }
        if ((mask & SSE) != 0) {
            Arrays.fill(image, XMM, XMM + 256, (byte) 0);
        }
        if ((mask & AVX) != 0) {
            Arrays.fill(image, YMM_HIGH, YMM_HIGH + 256, (byte) 0);
        }
    }

    /** Sets TOP, turning the register file so that every physical register keeps its value. */
    public void setTop(int top) {
        int turn = top - (statusWord() >> 11) & 7;
        if (turn == 7) {
            turnBack();
        } else {
            turn(turn);
        }
        setStatusWord(statusWord() & ~0x3800 | top << 11);
    }

    private void turnBack() {
        long low = getLong(144);
        long high = getLong(152);
        System.arraycopy(image, 32, image, 48, 112);
        setLong(32, low);
        setLong(40, high);
    }

    private void turn(int count) {
        for (int n = 0; n < count; n++) {
            long low = getLong(32);
            long high = getLong(40);
            System.arraycopy(image, 48, image, 32, 112);
            setLong(144, low);
            setLong(152, high);
        }
    }

    /** What every MMX instruction but EMMS does: TOP becomes 0, all registers valid (Intel SDM vol. 1, 9.5.1). */
    public void enterMmx() {
        setTop(0);
        setTagByte(0xFF);
    }

    public static long longAt(byte[] bytes, int offset) {
        return (long) LONG.get(bytes, offset);
    }

    public static void putLong(byte[] bytes, int offset, long value) {
        LONG.set(bytes, offset, value);
    }

    public void initX87() {
        Arrays.fill(image, 0, 24, (byte) 0);
        Arrays.fill(image, 32, XMM, (byte) 0);
        setControlWord(DEFAULT_CONTROL);
    }

    /**
     * XSTATE_BV of the header.
     *
     * @return one bit for each component in use
     */
    public long xstateBv() {
        return (long) LONG.get(image, HEADER);
    }

    /**
     * Sets XSTATE_BV.
     *
     * @param value one bit for each component in use
     */
    public void setXstateBv(long value) {
        LONG.set(image, HEADER, value);
    }

    /**
     * The x87 control word.
     *
     * @return 16 bits
     */
    public int controlWord() {
        return (short) SHORT.get(image, 0) & 0xFFFF;
    }

    /**
     * Sets the x87 control word.
     *
     * @param value 16 bits
     */
    public void setControlWord(int value) {
        SHORT.set(image, 0, (short) value);
    }

    /**
     * The x87 status word.
     *
     * @return 16 bits, TOP in 11 to 13
     */
    public int statusWord() {
        return (short) SHORT.get(image, 2) & 0xFFFF;
    }

    /**
     * Sets the x87 status word.
     *
     * @param value 16 bits
     */
    public void setStatusWord(int value) {
        SHORT.set(image, 2, (short) value);
    }

    /**
     * The abridged tag byte: a set bit is a register in use.
     *
     * @return 8 bits, by physical register
     */
    public int tagByte() {
        return image[4] & 0xFF;
    }

    /**
     * Sets the abridged tag byte.
     *
     * @param value 8 bits
     */
    public void setTagByte(int value) {
        image[4] = (byte) value;
    }

    /**
     * PKRU. It is kept beside the image, because where the image has it is for CPUID to say: who moves an image from or to
     * one of KVM's moves bits 0 to 31 at the offset of component 9 as well.
     *
     * @return 32 bits
     */
    public int pkru() {
        return pkru;
    }

    /**
     * Sets PKRU.
     *
     * @param value 32 bits
     */
    public void setPkru(int value) {
        pkru = value;
    }

    /**
     * Takes PKRU from the image.
     *
     * @param place the offset of component 9 by CPUID; 0 where there is none
     */
    public void takePkru(int place) {
        if (place != 0) {
            pkru = (xstateBv() & PKRU) != 0 ? getInt(place) : 0;
        }
    }

    /**
     * Puts PKRU into the image, with its bit of XSTATE_BV.
     *
     * @param place the offset of component 9 by CPUID; 0 where there is none
     */
    public void placePkru(int place) {
        if (place != 0) {
            setInt(place, pkru);
            setXstateBv(pkru == 0 ? xstateBv() & ~PKRU : xstateBv() | PKRU);
        }
    }

    /**
     * MXCSR.
     *
     * @return 32 bits
     */
    public int mxcsr() {
        return getInt(24);
    }

    /**
     * Sets MXCSR.
     *
     * @param value 32 bits
     */
    public void setMxcsr(int value) {
        setInt(24, value);
    }

    /**
     * One quarter of a YMM register.
     *
     * @param register 0 to 15
     * @param lane 0 and 1 are the XMM register's low and high half, 2 and 3 the upper half of YMM
     * @return 64 bits
     */
    public long lane(int register, int lane) {
        return (long) LONG.get(image, laneOffset(register, lane));
    }

    /**
     * Sets one quarter of a YMM register.
     *
     * @param register 0 to 15
     * @param lane 0 to 3
     * @param value 64 bits
     */
    public void setLane(int register, int lane, long value) {
        LONG.set(image, laneOffset(register, lane), value);
    }

    private static int laneOffset(int register, int lane) {
        return (lane < 2 ? XMM : YMM_HIGH) + register * 16 + (lane & 1) * 8;
    }

    /** The 64-bit mantissa of an x87 register by physical place relative to TOP, which is also MMX register {@code i}. */
    public long mmx(int index) {
        return (long) LONG.get(image, 32 + stackSlot(index) * 16);
    }

    /** Writes an MMX register: exponent and sign become all ones (Intel SDM vol. 1, 9.6.2). */
    public void setMmx(int index, long value) {
        int at = 32 + stackSlot(index) * 16;
        LONG.set(image, at, value);
        SHORT.set(image, at + 8, (short) 0xFFFF);
    }

    /** The image holds registers in stack order (ST0 first); MMX names are physical. */
    private int stackSlot(int physical) {
        return physical - (statusWord() >> 11) & 7;
    }

    public int getInt(int offset) {
        return (int) INT.get(image, offset);
    }

    public void setInt(int offset, int value) {
        INT.set(image, offset, value);
    }

    public void setShort(int offset, int value) {
        SHORT.set(image, offset, (short) value);
    }

    public int getShort(int offset) {
        return (short) SHORT.get(image, offset) & 0xFFFF;
    }

    public long getLong(int offset) {
        return (long) LONG.get(image, offset);
    }

    public void setLong(int offset, long value) {
        LONG.set(image, offset, value);
    }

    public void copyFrom(ExtendedState other) {
        System.arraycopy(other.image, 0, image, 0, SIZE);
        pkru = other.pkru;
    }
}
