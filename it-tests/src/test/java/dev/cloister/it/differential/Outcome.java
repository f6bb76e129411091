package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** What one side made of a case: everything that a program can see after the first exception. Reused; filled by the sides. */
final class Outcome {
    /** How a case ended. */
    enum Status {
        /** By an exception, as every case does. */
        EXCEPTION,
        /** The side doesn't know the instruction, or KVM gave up on it; {@link Outcome#reason}. */
        REFUSED,
        /** It did not end within its bound. */
        ENDLESS
    }

    Status status = Status.EXCEPTION;
    String reason = "";
    int vector;
    long errorCode;
    long rip;
    long cs;
    long rflags;
    long ss;
    /** Meaningful for page faults. */
    long cr2;

    final long[] gpr = new long[16];
    long fsBase;
    long gsBase;
    /** DS, ES, FS, GS. */
    final int[] selectors = new int[4];

    final byte[] xsave = new byte[Layout.XSAVE_BYTES];
    final byte[] data = new byte[Layout.DATA_BYTES];

    void refuse(String why) {
        status = Status.REFUSED;
        reason = why;
    }

    /** Reads what a loader stored. */
    void read(MemorySegment ram, long at) {
        status = Outcome.Status.EXCEPTION;
        for (int r = 0; r < 16; r++) {
            gpr[r] = ram.get(JAVA_LONG_UNALIGNED, at + Layout.RESULT_GPR + 8L * r);
        }
        fsBase = ram.get(JAVA_LONG_UNALIGNED, at + Layout.RESULT_FS);
        gsBase = ram.get(JAVA_LONG_UNALIGNED, at + Layout.RESULT_GS);
        long frame = at + Layout.RESULT_FRAME;
        cr2 = ram.get(JAVA_LONG_UNALIGNED, frame);
        vector = (int) ram.get(JAVA_LONG_UNALIGNED, frame + 16);
        errorCode = ram.get(JAVA_LONG_UNALIGNED, frame + 24);
        rip = ram.get(JAVA_LONG_UNALIGNED, frame + 32);
        cs = ram.get(JAVA_LONG_UNALIGNED, frame + 40);
        rflags = ram.get(JAVA_LONG_UNALIGNED, frame + 48);
        gpr[4] = ram.get(JAVA_LONG_UNALIGNED, frame + 56);
        ss = ram.get(JAVA_LONG_UNALIGNED, frame + 64);
        for (int n = 0; n < 4; n++) {
            selectors[n] = ram.get(JAVA_SHORT_UNALIGNED, at + Layout.RESULT_SELECTORS + 2L * n) & 0xFFFF;
        }
        MemorySegment.copy(ram, JAVA_BYTE, at + Layout.RESULT_XSAVE, xsave, 0, xsave.length);
        MemorySegment.copy(ram, JAVA_BYTE, at + Layout.RESULT_DATA, data, 0, data.length);
    }
}
