package dev.cloister.cli.audit;

import dev.cloister.policy.audit.AuditEntry;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.export.AuditFilter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;

/** Reads the records of a log that a filter wants, one at a time. */
final class AuditScan {
    private AuditScan() {}

    /** Takes a record. */
    interface Taker {
        /** Returns whether more are wanted. */
        boolean take(AuditEntry entry) throws IOException;
    }

    /** Reads from the first file that can hold one of them; tells its progress where it takes long. */
    static void run(Path log, AuditFilter filter, PrintWriter err, Taker taker) throws IOException {
        Progress progress = new Progress(err, System::nanoTime);
        try (AuditReader reader = AuditReader.open(log, filter.firstSeq())) {
            Optional<AuditEntry> entry = reader.nextEntry();
            while (entry.isPresent() && entry.get().record().seq() <= filter.lastSeq()) {
                progress.read(entry.get().record().seq());
                if (filter.wants(entry.get().record()) && !taker.take(entry.get())) {
                    return;
                }
                entry = reader.nextEntry();
            }
        }
    }
}
