package dev.cloister.emulator.x87;

import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.Real;

/** FSIN, FCOS, FSINCOS, FPTAN, FPATAN (Intel SDM vol. 2). */
final class X87TrigonometricOps {
    /** Arguments from 2^63 on are left alone, and C2 says so. */
    private static final int LIMIT = 63;

    /** Magnitudes below 2^-68 are their own sine and tangent, reported as inexact. */
    private static final int TINY = -68;

    private static final long ONE = 0x8000000000000000L;
    private static final int ONE_EXPONENT = 0x3FFF;

    private X87TrigonometricOps() {}

    static void register(HandlerRegistry table) {
        table.put(X87Handlers.waiting((u, x, i) -> single(u, false)), "fsin");
        table.put(X87Handlers.waiting((u, x, i) -> single(u, true)), "fcos");
        table.put(X87Handlers.waiting((u, x, i) -> both(u)), "fsincos");
        table.put(X87Handlers.waiting((u, x, i) -> tangent(u)), "fptan");
        table.put(X87Handlers.waiting((u, x, i) -> arcTangent(u)), "fpatan");
    }

    /** Deals with everything but a finite argument in range; true where that is left to do. */
    private static boolean isOrdinary(X87Unit u) {
        u.setConditions(X87Unit.C2, 0);
        u.get(0, u.a);
        if (u.math.nan(u.a, u.r)) {
            return false;
        }
        if (u.a.kind == Real.INFINITE) {
            u.math.invalid(u.r);
            return false;
        }
        u.math.denormal(u.a, u.a);
        return true;
    }

    private static boolean isTooLarge(X87Unit u) {
        u.get(0, u.a);
        if (u.a.kind == Real.FINITE && u.a.exponent >= LIMIT) {
            u.setConditions(X87Unit.C2, X87Unit.C2);
            return true;
        }
        return false;
    }

    private static boolean isTiny(X87Unit u) {
        if (u.a.kind == Real.FINITE && u.a.exponent < TINY) {
            u.inexact = true;
            return true;
        }
        return u.a.kind == Real.ZERO;
    }

    private static void sine(X87Unit u, boolean cosine) {
        if (isTiny(u)) {
            if (cosine) {
                u.r.setInteger(1);
            } else {
                u.r.copyFrom(u.a);
            }
            return;
        }
        u.functions.reduce(u.a);
        u.functions.sineOfReduced(cosine, u.r);
    }

    private static void single(X87Unit u, boolean cosine) {
        if (u.isEmpty(0)) {
            u.setConditions(X87Unit.C2, 0);
            u.underflow(0);
        } else if (!isTooLarge(u)) {
            if (isOrdinary(u)) {
                sine(u, cosine);
            }
            u.storeFull(0);
        }
    }

    /** Stack faults of instructions that replace ST0 and push; true where there was one. */
    private static boolean faults(X87Unit u) {
        boolean empty = u.isEmpty(0);
        if (!empty && u.isEmpty(7)) {
            return false;
        }
        u.setConditions(X87Unit.C2, 0);
        if (u.stackFault(!empty)) {
            u.putNan(0);
            u.push();
            u.putNan(0);
        }
        return true;
    }

    private static void both(X87Unit u) {
        if (faults(u) || isTooLarge(u)) {
            return;
        }
        if (!isOrdinary(u)) {
            pushNan(u);
            return;
        }
        if (u.context.stopped()) {
            return;
        }
        sine(u, true);
        u.b.copyFrom(u.r);
        sine(u, false);
        u.storeFull(0);
        u.rounding.roundFull(u.b);
        u.push();
        u.putRounded(0);
    }

    private static void pushNan(X87Unit u) {
        if (u.storeFull(0)) {
            u.push();
            u.put(0, u.significand(1), u.signExponent(1));
        }
    }

    private static void tangent(X87Unit u) {
        if (faults(u) || isTooLarge(u)) {
            return;
        }
        if (!isOrdinary(u)) {
            pushNan(u);
            return;
        }
        if (isTiny(u)) {
            u.r.copyFrom(u.a);
        } else {
            u.functions.reduce(u.a);
            u.functions.tangentOfReduced(u.r);
        }
        if (u.storeFull(0)) {
            u.push();
            u.put(0, ONE, ONE_EXPONENT);
        }
    }

    private static void arcTangent(X87Unit u) {
        if (u.isEmpty(0) || u.isEmpty(1)) {
            if (u.underflow(1)) {
                u.pop();
            }
            return;
        }
        u.get(0, u.a);
        u.get(1, u.b);
        if (!u.math.nan(u.a, u.b, u.r)) {
            u.math.denormal(u.a, u.b);
            angle(u);
        }
        if (u.storeFull(1)) {
            u.pop();
        }
    }

    private static void angle(X87Unit u) {
        Real x = u.a;
        Real y = u.b;
        boolean negative = y.negative;
        if (x.kind == Real.FINITE && y.kind == Real.FINITE) {
            u.inexact = true;
            u.functions.angle(y, x, u.r);
            return;
        }
        if (x.kind == Real.INFINITE && y.kind == Real.INFINITE) {
            diagonal(u);
        } else if (y.kind == Real.INFINITE || x.kind == Real.ZERO && y.kind != Real.ZERO) {
            u.r.copyFrom(Constants.HALF_PI);
        } else if (x.negative) {
            u.r.copyFrom(Constants.PI);
        } else {
            u.r.setZero(false);
        }
        u.r.negative = negative;
    }

    private static void diagonal(X87Unit u) {
        u.r.copyFrom(Constants.HALF_PI);
        u.r.exponent--;
        if (u.a.negative) {
            Quad.subtract(Constants.PI, u.r, u.r);
        }
    }
}
