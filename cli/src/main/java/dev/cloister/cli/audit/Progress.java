package dev.cloister.cli.audit;

import java.io.PrintWriter;
import java.util.function.LongSupplier;

/** Tells on standard error that a long reading goes on: nothing in the first two seconds, then a line each two. */
final class Progress {
    private static final long PERIOD_NANOS = 2_000_000_000;
    /** A clock is not asked for each record. */
    private static final int STRIDE = 256;

    private final PrintWriter err;
    private final LongSupplier nanos;
    private long due;
    private long records;

    Progress(PrintWriter err, LongSupplier nanos) {
        this.err = err;
        this.nanos = nanos;
        this.due = nanos.getAsLong() + PERIOD_NANOS;
    }

    /** One more record was read. */
    void read(long seq) {
        records++;
        if (records % STRIDE == 0 && nanos.getAsLong() - due >= 0) {
            due = nanos.getAsLong() + PERIOD_NANOS;
            err.println(records + " records read, at record " + seq);
            err.flush();
        }
    }
}
