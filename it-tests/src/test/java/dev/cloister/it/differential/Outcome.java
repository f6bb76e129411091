package dev.cloister.it.differential;

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
}
