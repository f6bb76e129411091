package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.Flags;

/**
 * Arithmetic on the status flags in their lazy form: result, carries and top bit, as {@link BlockContext} keeps them. Small and static, so
 * that operations and translated code share it and the JVM's compiler makes it disappear.
 */
final class LazyFlags {
    /** A result that is not 0 but whose low byte is: what a multiplication leaves whose product is 0. */
    private static final long ZERO_PRODUCT = 0x100;

    private LazyFlags() {}

    // ---- what arithmetic leaves

    /** The carries out of each bit of a + b (+ carry) = r. */
    static long addCarries(long a, long b, long r) {
        return a & b | (a | b) & ~r;
    }

    /** The borrows out of each bit of a - b (- carry) = r. */
    static long subCarries(long a, long b, long r) {
        return ~a & b | (~a | b) & r;
    }

    /** Carries at the top of an operand that say these two. */
    static long carries(boolean carry, boolean overflow, int size) {
        long top = 1L << 8 * size - 1;
        long below = carry != overflow ? top >>> 1 : 0;
        return carry ? top | below : below;
    }

    /** The carries of INC and DEC with the old CF in the place of theirs, and OF as it should be. */
    static long keepCarry(long carries, boolean carry, int size) {
        long top = 1L << 8 * size - 1;
        boolean overflow = ((carries ^ carries << 1) & top) != 0;
        return carries & ~(top | top >>> 1) | carries(carry, overflow, size);
    }

    /** Whether a product of two sign-extended factors doesn't fit. */
    static boolean overflows(long x, long y, int size) {
        long wide = x * y;
        return size == 8 ? Math.multiplyHigh(x, y) != wide >> 63 : wide != Shape.signExtend(wide, size);
    }

    /** The result that a multiplication's flags come from: the handlers leave ZF clear whatever the product. */
    static long product(long low, int size) {
        return low == 0 ? ZERO_PRODUCT : Shape.signExtend(low, size);
    }

    // ---- shifts

    /** A shift or rotation by a count that isn't 0; not cut to the operand. */
    static long shifted(int kind, int size, long value, int count) {
        int bits = 8 * size;
        int n = count & bits - 1;
        return switch (kind) {
            case ShiftOp.ROL -> value << n | value >>> (bits - n & 63);
            case ShiftOp.ROR -> value >>> n | value << (bits - n & 63);
            case ShiftOp.SHL -> value << count;
            case ShiftOp.SHR -> value >>> count;
            default -> Shape.signExtend(value, size) >> count;
        };
    }

    private static boolean top(long value, int size) {
        return (value >>> 8 * size - 1 & 1) != 0;
    }

    /** The carries that a shift by a count that isn't 0 leaves. */
    static long shiftCarries(int kind, int size, long value, int count, long r) {
        switch (kind) {
            case ShiftOp.SHL -> {
                boolean carry = count <= 8 * size && (value >>> 8 * size - count & 1) != 0;
                return carries(carry, top(r, size) != carry, size);
            }
            case ShiftOp.SHR -> {
                return carries((value >>> count - 1 & 1) != 0, count == 1 && top(value, size), size);
            }
            default -> {
                return carries((Shape.signExtend(value, size) >> count - 1 & 1) != 0, false, size);
            }
        }
    }

    /** CF after a rotation that left this. */
    static boolean rotatedCarry(int kind, int size, long r) {
        return kind == ShiftOp.ROL ? (r & 1) != 0 : top(r, size);
    }

    /** OF after a rotation that left this. */
    static boolean rotatedOverflow(int kind, int size, long r) {
        return kind == ShiftOp.ROL ? top(r, size) != ((r & 1) != 0) : top(r, size) != top(r << 1, size);
    }

    /** Sets CF and OF and leaves the others; the new carries, or RFLAGS changed where it is right as it stands. */
    static long withCarryAndOverflow(BlockContext c, boolean carry, boolean overflow, long carries, long top) {
        if (top == 0) {
            long flags = (carry ? Flags.CF : 0) | (overflow ? Flags.OF : 0);
            c.state.setRflags(c.state.rflags() & ~(Flags.CF | Flags.OF) | flags);
            return carries;
        }
        long below = carry != overflow ? top >>> 1 : 0;
        return carries & ~(top | top >>> 1) | (carry ? top | below : below);
    }

    /** The carries that a rotation leaves. */
    static long rotateCarries(BlockContext c, int kind, int size, long r, long carries, long top) {
        return withCarryAndOverflow(c, rotatedCarry(kind, size, r), rotatedOverflow(kind, size, r), carries, top);
    }

    // ---- what they say, where they are known to be in the lazy form

    static boolean carry(long carries, long top) {
        return (carries & top) != 0;
    }

    static boolean overflow(long carries, long top) {
        return ((carries ^ carries << 1) & top) != 0;
    }

    static boolean parity(long result) {
        return (Long.bitCount(result & 0xFF) & 1) == 0;
    }

    static boolean zero(long result) {
        return result == 0;
    }

    static boolean negative(long result) {
        return result < 0;
    }

    static boolean belowOrEqual(long result, long carries, long top) {
        return (carries & top) != 0 || result == 0;
    }

    static boolean less(long result, long carries, long top) {
        return result < 0 != overflow(carries, top);
    }

    static boolean lessOrEqual(long result, long carries, long top) {
        return result == 0 || less(result, carries, top);
    }

    // ---- what they say anywhere

    /** CF, from wherever it is. */
    static boolean carry(BlockContext c, long carries, long top) {
        return top != 0 ? (carries & top) != 0 : c.state.flag(Flags.CF);
    }

    /** Whether a condition of Jcc, SETcc and CMOVcc holds, wherever the flags are. */
    static boolean holds(BlockContext c, int condition, long result, long carries, long top) {
        boolean base = top == 0 ? settled(c.state.rflags(), condition) : lazy(condition, result, carries, top);
        return base != ((condition & 1) != 0);
    }

    private static boolean lazy(int condition, long result, long carries, long top) {
        return switch (condition >> 1 & 7) {
            case 0 -> overflow(carries, top);
            case 1 -> carry(carries, top);
            case 2 -> zero(result);
            case 3 -> belowOrEqual(result, carries, top);
            case 4 -> negative(result);
            case 5 -> parity(result);
            case 6 -> less(result, carries, top);
            default -> lessOrEqual(result, carries, top);
        };
    }

    private static boolean settled(long flags, int condition) {
        boolean less = (flags & Flags.SF) != 0 != ((flags & Flags.OF) != 0);
        return switch (condition >> 1 & 7) {
            case 0 -> (flags & Flags.OF) != 0;
            case 1 -> (flags & Flags.CF) != 0;
            case 2 -> (flags & Flags.ZF) != 0;
            case 3 -> (flags & (Flags.CF | Flags.ZF)) != 0;
            case 4 -> (flags & Flags.SF) != 0;
            case 5 -> (flags & Flags.PF) != 0;
            case 6 -> less;
            default -> less || (flags & Flags.ZF) != 0;
        };
    }
}
