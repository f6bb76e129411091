package dev.cloister.policy.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where a log's chain stands and which files it is made of.
 *
 * @param head the last record; its bytes are the length of the current file
 * @param firstSeq number of the first record of the current file, or of the one that will be
 * @param firstPrev hash of the record before that
 * @param segments the rotated segments that are kept, the oldest first
 * @param highest the highest number that a segment was ever given, 0 for none
 */
record ChainEnd(AuditHead head, long firstSeq, String firstPrev, List<Segment> segments, int highest) {
    /**
     * A rotated segment.
     *
     * @param number its number
     * @param firstSeq number of its first record
     * @param firstPrev hash of the record before that
     */
    record Segment(int number, long firstSeq, String firstPrev) {}

    ChainEnd {
        segments = List.copyOf(segments);
    }

    /** Returns this after one more record in the current file. */
    ChainEnd after(AuditEntry entry) {
        AuditRecord last = entry.record();
        return new ChainEnd(
                new AuditHead(last.seq(), last.hash(), head.bytes() + entry.line().length),
                firstSeq,
                firstPrev,
                segments,
                highest);
    }

    /** Returns this with the current file as one more segment, of which at most so many are kept; 0 for all. */
    ChainEnd rotated(int keep) {
        List<Segment> kept = new ArrayList<>(segments);
        kept.add(new Segment(highest + 1, firstSeq, firstPrev));
        int surplus = keep == 0 ? 0 : Math.max(0, kept.size() - keep);
        return new ChainEnd(
                new AuditHead(head.seq(), head.hash(), 0),
                head.seq() + 1,
                head.hash(),
                kept.subList(surplus, kept.size()),
                highest + 1);
    }

    /** Whether the current file is the continuation of another and says so nowhere yet. */
    boolean lacksRotationRecord() {
        return head.bytes() == 0 && !segments.isEmpty();
    }

    /** Returns the first record of the current file: what it follows, and from where on the log is kept. */
    AuditEvent rotationRecord() {
        Segment oldest = segments.getFirst();
        return AuditEvent.of(AuditKind.LOG_ROTATED)
                .withDetail("segment", number(highest))
                .withDetail("oldest", number(oldest.number()))
                .withDetail(OLDEST_SEQ, Long.toString(oldest.firstSeq()))
                .withDetail(OLDEST_PREV, oldest.firstPrev());
    }

    /** Detail with the number of the first record that is kept. */
    static final String OLDEST_SEQ = "oldestSeq";

    /** Detail with the hash of the record before it. */
    static final String OLDEST_PREV = "oldestPrev";

    private static String number(int segment) {
        return String.format(Locale.ROOT, "%06d", segment);
    }
}
