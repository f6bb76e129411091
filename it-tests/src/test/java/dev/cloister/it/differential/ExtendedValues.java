package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Random x87, MMX, XMM, YMM and MXCSR contents of a case's save area. */
record ExtendedValues(Random random, Values values) {
    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    void fill(TestCase c) {
        MemorySegment x = MemorySegment.ofArray(c.xsave);
        int control =
                one(2) ? 0x37F : 0x40 | (one(4) ? random.nextInt(64) : 63) | precision() << 8 | random.nextInt(4) << 10;
        int flags = one(3) ? random.nextInt(64) & (one(16) ? 63 : control & 63) : 0;
        int status = flags | random.nextInt(8) << 11 | random.nextInt() & 0x4700;
        if ((flags & ~control & 63) != 0) {
            status |= 0x8080;
        }
        x.set(JAVA_SHORT_UNALIGNED, 0, (short) control);
        x.set(JAVA_SHORT_UNALIGNED, 2, (short) status);
        c.xsave[4] = (byte) (one(3) ? random.nextInt(256) : 0xFF);
        for (int n = 0; n < 8; n++) {
            x.set(JAVA_LONG_UNALIGNED, 32 + 16L * n, values.significand());
            x.set(JAVA_SHORT_UNALIGNED, 40 + 16L * n, (short) values.exponent());
        }
        int mxcsr = 0x1F80;
        if (one(2)) {
            mxcsr = 0x1F80 & (one(4) ? random.nextInt() : -1) | random.nextInt(4) << 13 | (one(3) ? 0x8000 : 0);
            mxcsr |= (one(3) ? 0x40 : 0) | (one(3) ? random.nextInt(64) : 0);
        }
        x.set(JAVA_INT_UNALIGNED, 24, mxcsr);
        for (int n = 0; n < 256; n += 8) {
            x.set(JAVA_LONG_UNALIGNED, 160 + n, values.lane());
            x.set(JAVA_LONG_UNALIGNED, 576 + n, values.lane());
        }
    }

    private int precision() {
        return one(2) ? 3 : one(2) ? 2 : 0;
    }
}
