package dev.cloister.emulator.x87;

import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.FloatContext;
import dev.cloister.emulator.softfloat.Real;

/** F2XM1, FYL2X, FYL2XP1 (Intel SDM vol. 2). */
final class X87LogarithmOps {
    private X87LogarithmOps() {}

    static void register(HandlerRegistry table) {
        table.put(X87Handlers.waiting((u, x, i) -> power(u)), "f2xm1");
        table.put(X87Handlers.waiting((u, x, i) -> logarithm(u, false)), "fyl2x");
        table.put(X87Handlers.waiting((u, x, i) -> logarithm(u, true)), "fyl2xp1");
    }

    private static void power(X87Unit u) {
        if (u.isEmpty(0)) {
            u.underflow(0);
            return;
        }
        u.get(0, u.a);
        if (!u.math.nan(u.a, u.r)) {
            u.math.denormal(u.a, u.a);
            powerOfNumber(u);
        }
        u.storeFull(0);
    }

    private static void powerOfNumber(X87Unit u) {
        u.inexact = u.a.kind == Real.FINITE;
        if (u.a.kind == Real.FINITE && isWithinOne(u.a)) {
            u.functions.powerOfTwoMinusOne(u.a, u.r);
        } else if (u.a.kind == Real.INFINITE && u.a.negative) {
            u.r.setInteger(-1);
        } else {
            u.r.copyFrom(u.a);
        }
    }

    private static boolean isWithinOne(Real a) {
        return a.exponent < 0 || a.exponent == 0 && a.significand << 1 == 0;
    }

    private static void logarithm(X87Unit u, boolean plusOne) {
        if (u.isEmpty(0) || u.isEmpty(1)) {
            if (u.underflow(1)) {
                u.pop();
            }
            return;
        }
        u.get(0, u.a);
        u.get(1, u.b);
        if (!u.math.nan(u.a, u.b, u.r)) {
            if (plusOne) {
                onePlus(u);
            } else {
                plain(u);
            }
        }
        if (u.storeFull(1)) {
            u.pop();
        }
    }

    /** b * log2(a). */
    private static void plain(X87Unit u) {
        Real x = u.a;
        Real y = u.b;
        if (x.negative && x.kind != Real.ZERO) {
            u.math.invalid(u.r);
        } else if (x.kind == Real.FINITE) {
            finite(u);
        } else if (y.kind == Real.ZERO) {
            u.math.invalid(u.r);
        } else {
            boolean toZero = x.kind == Real.ZERO;
            if (toZero && y.kind == Real.FINITE) {
                u.context.raise(FloatContext.ZE);
            } else {
                u.math.denormal(x, y);
            }
            u.r.setInfinite(y.negative ^ toZero);
        }
    }

    private static void finite(X87Unit u) {
        boolean isOne = u.a.exponent == 0 && u.a.significand << 1 == 0;
        if (u.b.kind == Real.INFINITE) {
            if (isOne) {
                u.math.invalid(u.r);
                return;
            }
            u.math.denormal(u.a, u.a);
            u.r.setInfinite(u.b.negative ^ u.a.exponent < 0);
            return;
        }
        u.math.denormal(u.a, u.b);
        if (isOne || u.b.kind == Real.ZERO) {
            u.r.setZero(u.b.negative ^ u.a.exponent < 0);
            return;
        }
        u.functions.logarithm(u.a, u.r);
        multiply(u);
    }

    /** log2 of a negative infinity, or zero times infinity. */
    private static boolean isUndefined(Real x, Real y) {
        if (x.kind == Real.INFINITE) {
            return x.negative || y.kind == Real.ZERO;
        }
        return x.kind == Real.ZERO && y.kind == Real.INFINITE;
    }

    /** b * log2(1 + a). */
    private static void onePlus(X87Unit u) {
        Real x = u.a;
        Real y = u.b;
        boolean negative = x.negative ^ y.negative;
        if (isUndefined(x, y)) {
            u.math.invalid(u.r);
            return;
        }
        u.math.denormal(x, y);
        if (x.kind == Real.INFINITE || y.kind == Real.INFINITE) {
            u.r.setInfinite(negative);
        } else if (x.kind == Real.ZERO || y.kind == Real.ZERO) {
            u.r.setZero(negative);
        } else if (x.negative && x.exponent >= 0) {
            // Undefined by the manual; processors return the argument.
            u.inexact = true;
            u.r.copyFrom(x);
        } else {
            u.functions.logarithmOfOnePlus(x, u.r);
            multiply(u);
        }
    }

    private static void multiply(X87Unit u) {
        boolean exact = u.r.low == 0;
        boolean negative = u.r.negative;
        Quad.multiply(u.r, u.b, u.r);
        if (!exact) {
            Functions.inexact(u.r);
            return;
        }
        // Powers of two: reported as inexact all the same, and those below one as a trifle too small.
        u.inexact = true;
        if (negative) {
            Functions.decrease(u.r);
        }
    }
}
