package dev.cloister.policy.audit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;

/** Writes one batch of records, all for one file, and knows how far that came. For one thread. */
final class BatchWriter {
    private final AuditStorage storage;
    private ChainEnd reached;

    BatchWriter(AuditStorage storage, ChainEnd from) {
        this.storage = storage;
        this.reached = from;
    }

    /** After a failed force the kernel may have dropped the pages: a second force would claim too much. */
    static final class ForceException extends IOException {
        private static final long serialVersionUID = 1L;

        ForceException(IOException cause) {
            super("forcing it to the medium failed: " + cause.getMessage(), cause);
        }
    }

    /** Returns where the chain stands on the medium, also after a failure. */
    ChainEnd reached() {
        return reached;
    }

    /**
     * Writes and forces the batch; begins another file first where its first record does.
     *
     * @throws ForceException if nobody knows what the medium holds
     * @throws IOException if the current file has to be cut to what is {@link #reached}
     */
    void write(List<Pending> batch) throws IOException {
        Pending first = batch.getFirst();
        if (first.beginsFile() && reached.highest() < first.after.highest()) {
            rotate(first.after.highest());
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Pending pending : batch) {
            bytes.writeBytes(pending.entry.line());
        }
        storage.write(reached.head().bytes(), bytes.toByteArray());
        ChainEnd end = batch.getLast().after;
        try {
            storage.force();
        } catch (IOException e) {
            throw new ForceException(e);
        }
        reached = end;
        if (remember(end.head(), first.beginsFile()) && first.beginsFile()) {
            letGo(end.segments().getFirst().number());
        }
    }

    /** The records are durable whether their head is remembered or not; the next batch tries again. */
    private boolean remember(AuditHead head, boolean durably) {
        try {
            storage.writeHead(HeadLine.format(head));
            if (durably) {
                // Before segments are let go: what proves that they may be missing comes before this head.
                storage.forceHead();
            }
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    private void rotate(int segment) throws IOException {
        try {
            storage.rotate(segment);
        } catch (IOException e) {
            if (storage.segments().contains(segment)) {
                throw new ForceException(e);
            }
            throw e;
        }
        reached = reached.rotated(0);
    }

    private void letGo(int oldest) {
        try {
            for (int segment : storage.segments()) {
                if (segment < oldest) {
                    storage.delete(segment);
                }
            }
        } catch (IOException _) {
            // The next rotation tries again; a segment too many harms nobody.
            return;
        }
    }
}
