package dev.cloister.policy.audit;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A record that is chained and not yet durable. Guarded by its log's lock, but for what never changes. */
final class Pending {
    final AuditEntry entry;
    final ChainEnd after;
    boolean done;

    @Nullable
    IOException failure;

    /** A record and where the chain stands after it. */
    Pending(AuditEntry entry, ChainEnd after) {
        this.entry = entry;
        this.after = after;
    }

    /** Whether it is the first of another file. */
    boolean beginsFile() {
        return entry.record().event().kind() == AuditKind.LOG_ROTATED;
    }
}
