package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Makes a failing case simpler, step by step, as long as it fails alike. */
final class Shrinker {
    private static final int ROUNDS = 2;

    private final Predicate<TestCase> fails;
    private TestCase best;

    private Shrinker(TestCase start, Predicate<TestCase> fails) {
        best = start;
        this.fails = fails;
    }

    /** The simplest case found for which the predicate holds, as it does for the one given. */
    static TestCase shrink(TestCase start, Predicate<TestCase> fails) {
        Shrinker shrinker = new Shrinker(start, fails);
        for (int n = 0; n < ROUNDS; n++) {
            shrinker.round();
        }
        return shrinker.best;
    }

    private void attempt(Consumer<TestCase> change) {
        TestCase next = best.copy();
        change.accept(next);
        if (!CaseText.format(next).equals(CaseText.format(best)) && fails.test(next)) {
            best = next;
        }
    }

    private void round() {
        attempt(TestCase::resetExtended);
        attempt(c -> Arrays.fill(c.patch, (byte) 0));
        attempt(c -> c.rflags = 0x202);
        attempt(c -> c.fsBase = 0);
        attempt(c -> c.gsBase = 0);
        attempt(c -> c.codeOffset = 0x800);
        registers();
        words();
        flags();
        code();
    }

    private void registers() {
        for (int r = 0; r < 16; r++) {
            int register = r;
            attempt(c -> c.gpr[register] = 0);
            attempt(c -> c.gpr[register] = c.gpr[register] == 0 ? 0 : 1);
            attempt(c -> c.gpr[register] &= 0xFFFFFFFFL);
            attempt(c -> c.gpr[register] &= 0xFFFFL);
            attempt(c -> c.gpr[register] &= 0xFFL);
        }
    }

    private void words() {
        byte[] initial = new TestCase().xsave;
        for (int n = 0; n < Layout.PATCH_BYTES; n += 8) {
            int at = n;
            attempt(c -> MemorySegment.ofArray(c.patch).set(JAVA_LONG_UNALIGNED, at, 0));
        }
        for (int n = 0; n < Layout.XSAVE_BYTES; n += 8) {
            int at = n;
            attempt(c -> System.arraycopy(initial, at, c.xsave, at, 8));
        }
    }

    private void flags() {
        for (long bit = 1; bit < 1 << 22; bit <<= 1) {
            long flag = bit;
            if (bit != 2 && bit != 0x200) {
                attempt(c -> c.rflags &= ~flag);
            }
        }
    }

    private void code() {
        for (int n = 0; n < 4; n++) {
            attempt(c -> c.code = c.code.length > 1 ? Arrays.copyOfRange(c.code, 1, c.code.length) : c.code);
        }
        for (int n = 1; n < best.code.length; n++) {
            int at = n;
            attempt(c -> {
                if (at < c.code.length) {
                    c.code[at] = 0;
                }
            });
        }
    }
}
