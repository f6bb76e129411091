package dev.cloister.emulator.x87;

import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.FloatContext;
import dev.cloister.emulator.softfloat.Real;

/** FPREM, FPREM1, FRNDINT, FSCALE, FXTRACT: exact operations on exponents and integers. */
final class X87RemainderOps {
    /** Exponents beyond this over- or underflow whatever they are added to. */
    private static final int FAR = 0x10000;

    private X87RemainderOps() {}

    static void register(HandlerRegistry table) {
        table.put(X87Handlers.waiting((u, x, i) -> remainder(u, false)), "fprem");
        table.put(X87Handlers.waiting((u, x, i) -> remainder(u, true)), "fprem1");
        table.put(X87Handlers.waiting((u, x, i) -> roundToInteger(u)), "frndint");
        table.put(X87Handlers.waiting((u, x, i) -> scale(u)), "fscale");
        table.put(X87Handlers.waiting((u, x, i) -> extract(u)), "fxtract");
    }

    private static boolean isMissing(X87Unit u, int count) {
        if (u.isEmpty(0) || count == 2 && u.isEmpty(1)) {
            u.underflow(0);
            return true;
        }
        u.get(0, u.a);
        if (count == 2) {
            u.get(1, u.b);
        }
        return false;
    }

    private static void remainder(X87Unit u, boolean nearest) {
        u.setConditions(X87Unit.C2, 0);
        if (isMissing(u, 2)) {
            return;
        }
        if (u.math.nan(u.a, u.b, u.r)) {
            u.storeFull(0);
            return;
        }
        if (u.a.kind == Real.INFINITE || u.b.kind == Real.ZERO) {
            u.math.invalid(u.r);
            u.storeFull(0);
            return;
        }
        u.math.denormal(u.a, u.b);
        if (u.a.kind == Real.ZERO || u.b.kind == Real.INFINITE) {
            keep(u);
            return;
        }
        int conditions = divide(u, nearest);
        if (u.storeFull(0)) {
            u.setConditions(X87Unit.C0 | X87Unit.C2 | X87Unit.C3, conditions & ~X87Unit.C1);
            u.c1 = (conditions & X87Unit.C1) != 0;
        }
    }

    /** The dividend is the result, but for a pseudo-denormal's exponent; a denormal is no underflow. */
    private static void keep(X87Unit u) {
        if (!u.context.stopped()) {
            u.setConditions(X87Unit.C0 | X87Unit.C3, 0);
            boolean pseudo = u.a.denormal && u.significand(0) < 0;
            u.put(0, u.significand(0), u.signExponent(0) | (pseudo ? 1 : 0));
        }
    }

    /** One reduction: the remainder into r; the result are the condition codes. */
    private static int divide(X87Unit u, boolean nearest) {
        int difference = u.a.exponent - u.b.exponent;
        if (difference < -1 || difference < 0 && !nearest) {
            u.r.copyFrom(u.a);
            return 0;
        }
        boolean partial = difference >= 64;
        // Any number from 32 to 63 is allowed; this one is what processors use.
        int steps = partial ? difference & 31 | 32 : difference;
        long rest = u.a.significand;
        long divisor = u.b.significand;
        long quotient = 0;
        boolean carry = false;
        for (int n = 0; n <= steps; n++) {
            if (n > 0) {
                carry = rest < 0;
                rest <<= 1;
            }
            quotient <<= 1;
            if (carry || Long.compareUnsigned(rest, divisor) >= 0) {
                rest -= divisor;
                quotient |= 1;
            }
        }
        if (partial) {
            u.r.setFinite(u.a.negative, u.b.exponent + difference - steps, rest, 0);
            return X87Unit.C2;
        }
        return conclude(u, nearest, difference, rest, quotient);
    }

    private static int conclude(X87Unit u, boolean nearest, int difference, long rest, long floor) {
        long quotient = floor;
        boolean negative = u.a.negative;
        long remainder = rest;
        int exponent = u.b.exponent;
        if (difference < 0) {
            remainder = u.a.significand >>> 1;
            long low = u.a.significand << 63;
            // 2a > b, that is a's significand exceeds b's.
            if (Long.compareUnsigned(u.a.significand, u.b.significand) > 0) {
                long borrow = low != 0 ? 1 : 0;
                u.r.setFinite(!negative, exponent, u.b.significand - remainder - borrow, -low);
                return codes(1);
            }
            u.r.setFinite(negative, exponent, remainder, low);
            return codes(0);
        }
        if (nearest && roundsUp(remainder, u.b.significand, quotient)) {
            remainder = u.b.significand - remainder;
            quotient++;
            negative = !negative;
        }
        if (remainder == 0) {
            u.r.setZero(u.a.negative);
        } else {
            u.r.setFinite(negative, exponent, remainder, 0);
        }
        return codes(quotient);
    }

    private static boolean roundsUp(long rest, long divisor, long quotient) {
        int order = Long.compareUnsigned(rest, divisor - rest);
        return order > 0 || order == 0 && (quotient & 1) != 0;
    }

    private static int codes(long quotient) {
        return ((quotient & 4) != 0 ? X87Unit.C0 : 0)
                | ((quotient & 2) != 0 ? X87Unit.C3 : 0)
                | ((quotient & 1) != 0 ? X87Unit.C1 : 0);
    }

    private static void roundToInteger(X87Unit u) {
        if (isMissing(u, 1)) {
            return;
        }
        u.math.integral(u.a, u.context.rounding(), true, u.r);
        boolean up = u.context.roundedUp();
        if (u.storeFull(0)) {
            u.c1 = up;
        }
    }

    private static void scale(X87Unit u) {
        if (isMissing(u, 2)) {
            return;
        }
        if (!u.math.nan(u.a, u.b, u.r)) {
            scaleNumber(u);
        }
        u.storeFull(0);
    }

    private static void scaleNumber(X87Unit u) {
        if (u.b.kind == Real.INFINITE) {
            scaleByInfinity(u);
            return;
        }
        u.math.denormal(u.a, u.b);
        u.r.copyFrom(u.a);
        if (u.a.kind == Real.FINITE && u.b.kind == Real.FINITE) {
            u.r.exponent += power(u.b);
        }
    }

    private static void scaleByInfinity(X87Unit u) {
        if (u.a.kind == (u.b.negative ? Real.INFINITE : Real.ZERO)) {
            u.math.invalid(u.r);
            return;
        }
        u.math.denormal(u.a, u.a);
        if (u.b.negative) {
            u.r.setZero(u.a.negative);
        } else {
            u.r.setInfinite(u.a.negative);
        }
    }

    /** The number cut to an integer, within bounds. */
    private static int power(Real b) {
        if (b.exponent < 0) {
            return 0;
        }
        int magnitude = b.exponent >= 16 ? FAR : (int) (b.significand >>> 63 - b.exponent);
        return b.negative ? -magnitude : magnitude;
    }

    private static void extract(X87Unit u) {
        if (u.isEmpty(0)) {
            if (u.underflow(0)) {
                u.push();
                u.putNan(0);
            }
            return;
        }
        if (!u.isEmpty(7)) {
            if (u.stackFault(true)) {
                u.putNan(0);
                u.push();
                u.putNan(0);
            }
            return;
        }
        u.get(0, u.a);
        if (u.math.nan(u.a, u.r)) {
            u.b.copyFrom(u.r);
        } else {
            extractNumber(u);
        }
        if (u.storeFull(0)) {
            u.rounding.roundFull(u.b);
            u.push();
            u.putRounded(0);
        }
    }

    /** The exponent into r, the significand into b. */
    private static void extractNumber(X87Unit u) {
        u.b.copyFrom(u.a);
        u.b.denormal = false;
        switch (u.a.kind) {
            case Real.ZERO -> {
                u.context.raise(FloatContext.ZE);
                u.r.setInfinite(true);
            }
            case Real.INFINITE -> u.r.setInfinite(false);
            default -> {
                u.math.denormal(u.a, u.a);
                u.r.setInteger(u.a.exponent);
                u.b.exponent = 0;
            }
        }
    }
}
