package dev.cloister.policy.audit;

import dev.cloister.policy.audit.AuditVerification.Damage;
import dev.cloister.policy.audit.AuditVerification.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Proves a log's chain through all its files, or says where and how it is broken. A chain alone can't show that whole records are
 * missing at its end: for that it is compared with the head file beside the log and, if given, with a head that was kept elsewhere.
 * Whoever can rewrite both the log and its head file is only found out by a head kept elsewhere. Records missing at the beginning
 * must have been let go by a rotation that is itself in the chain.
 */
public final class AuditVerifier {
    private static final int ATTEMPTS = 100;

    private final List<LogParts.Part> parts;
    private final Optional<AuditHead> remembered;
    private final Optional<String> expected;
    private final boolean anchored;
    private final Set<Start> anchors = new HashSet<>();
    private final List<Start> starts = new ArrayList<>();
    private AuditHead head = AuditHead.EMPTY;
    private Optional<AuditVerification> broken = Optional.empty();
    private LogParts.Part part;
    private long line;
    private boolean sawRemembered;
    private boolean sawExpected;

    /** Where a file begins: the number of its first record and the hash that this one follows. */
    private record Start(long seq, String prev) {
        static final Start OF_ALL = new Start(1, AuditHead.GENESIS);
    }

    private AuditVerifier(
            List<LogParts.Part> parts, Optional<AuditHead> remembered, Optional<String> expected, boolean anchored) {
        this.parts = parts;
        this.part = parts.getFirst();
        this.remembered = remembered;
        this.expected = expected;
        this.anchored = anchored;
        this.sawRemembered = remembered.map(AuditHead::seq).orElse(0L) == 0;
        this.sawExpected = expected.isEmpty() || expected.get().equals(AuditHead.GENESIS);
        anchors.add(Start.OF_ALL);
    }

    /**
     * Verifies a log with its rotated segments, also while it is written.
     *
     * @param log the log's current file, {@code <log>.head} and the segments beside it are used where they exist; or its folder,
     *     where it is called {@code audit.log}; or one rotated segment, which is then verified by itself, from its own beginning
     * @param expectedHead hash of a record that must be in the chain, such as a head that was printed earlier
     * @throws IOException if it can't be read
     */
    public static AuditVerification verify(Path log, Optional<String> expectedHead) throws IOException {
        Path current = Files.isDirectory(log) ? log.resolve("audit.log") : log;
        return SegmentName.isSegment(current)
                ? new AuditVerifier(List.of(LogParts.file(current, 1)), Optional.empty(), expectedHead, false).run()
                : verifyAll(current, expectedHead);
    }

    private static AuditVerification verifyAll(Path current, Optional<String> expectedHead) throws IOException {
        NoSuchFileException gone = new NoSuchFileException(current.toString());
        for (int i = 0; i < ATTEMPTS; i++) {
            Object before = LogParts.key(current);
            try {
                AuditVerification found = verifyOnce(current, expectedHead);
                if (found.fault().isEmpty() || LogParts.same(before, LogParts.key(current))) {
                    return found;
                }
                // What was read as the current file had been rotated since the segments were listed.
            } catch (NoSuchFileException e) {
                if (!Files.exists(current)) {
                    throw e;
                }
                // A segment was let go while we read: the log is another now.
                gone = e;
            }
        }
        throw gone;
    }

    private static AuditVerification verifyOnce(Path log, Optional<String> expectedHead) throws IOException {
        // The head first: the log may grow in between, and must never be behind its head.
        Path headFile = FileAuditStorage.headFile(log);
        Optional<AuditHead> head = Files.exists(headFile)
                ? HeadLine.parse(Files.readString(headFile, StandardCharsets.ISO_8859_1))
                : Optional.empty();
        return new AuditVerifier(LogParts.of(log), head, expectedHead, true).run();
    }

    /** Verifies a storage with all its segments; for tests. */
    static AuditVerification verify(AuditStorage storage) throws IOException {
        return new AuditVerifier(LogParts.of(storage), HeadLine.parse(storage.readHead()), Optional.empty(), true)
                .run();
    }

    /** A verifier of the last files of a storage, as its opener needs them: older segments are not read. */
    static AuditVerifier ofEnd(AuditStorage storage) throws IOException {
        List<LogParts.Part> parts = LogParts.end(storage);
        boolean all = parts.size() > storage.segments().size();
        return new AuditVerifier(parts, HeadLine.parse(storage.readHead()), Optional.empty(), all);
    }

    /** After {@link #run}: where the storage's chain stands. */
    ChainEnd end(AuditStorage storage) throws IOException {
        List<ChainEnd.Segment> segments = new ArrayList<>();
        for (int number : storage.segments()) {
            Optional<byte[]> first = new LineReader(LogParts.segment(storage, number), 0).next();
            if (first.isEmpty()) {
                throw new IOException("segment " + number + " is empty");
            }
            AuditRecord record = AuditLine.parse(first.get());
            segments.add(new ChainEnd.Segment(number, record.seq(), record.prev()));
        }
        boolean fresh = head.bytes() == 0;
        Start start = fresh ? new Start(head.seq() + 1, head.hash()) : starts.getLast();
        int highest = segments.isEmpty() ? 0 : segments.getLast().number();
        return new ChainEnd(head, start.seq(), start.prev(), segments, highest);
    }

    AuditVerification run() throws IOException {
        for (LogParts.Part next : parts) {
            part = next;
            line = 0;
            head = new AuditHead(head.seq(), head.hash(), 0);
            try (LogParts.Source source = next.opener().open()) {
                read(new LineReader(source, 0));
            }
            if (broken.isPresent()) {
                return broken.get();
            }
        }
        return atEnd();
    }

    /** Reads one file up to its end or the first fault. */
    private void read(LineReader lines) throws IOException {
        while (broken.isEmpty()) {
            long offset = lines.position();
            line++;
            Optional<byte[]> bytes;
            try {
                bytes = lines.next();
            } catch (IOException e) {
                broken = fault(Damage.MALFORMED, offset, String.valueOf(e.getMessage()));
                return;
            }
            if (bytes.isEmpty()) {
                endOfFile(offset, lines.hasMore());
                return;
            }
            AuditRecord record;
            try {
                record = AuditLine.parse(bytes.get());
            } catch (IOException e) {
                broken = fault(Damage.MALFORMED, offset, "not a record: " + e.getMessage());
                return;
            }
            broken = check(record, bytes.get(), offset, lines);
            if (broken.isEmpty()) {
                accept(record, lines.position());
            }
        }
    }

    private void accept(AuditRecord record, long position) {
        head = new AuditHead(record.seq(), record.hash(), position);
        sawExpected |= expected.isPresent() && expected.get().equals(record.hash());
        sawRemembered |= remembered.isPresent()
                && remembered.get().seq() == record.seq()
                && remembered.get().hash().equals(record.hash());
        if (record.event().kind() == AuditKind.LOG_ROTATED) {
            Map<String, String> details = record.event().details();
            try {
                anchors.add(new Start(
                        Long.parseLong(details.getOrDefault(ChainEnd.OLDEST_SEQ, "")),
                        details.getOrDefault(ChainEnd.OLDEST_PREV, "")));
            } catch (NumberFormatException _) {
                // It anchors nothing then; the chain says who wrote it.
                return;
            }
        }
    }

    private void endOfFile(long offset, boolean partial) throws IOException {
        boolean current = part == parts.getLast();
        if (partial && !current) {
            broken = fault(Damage.MALFORMED, offset, "a rotated file ends in the middle of a line");
        } else if (partial) {
            broken = Optional.of(atPartialEnd(offset));
        } else if (!current && line == 1) {
            broken = fault(Damage.REMOVED, offset, "a rotated file without any record");
        }
    }

    private Optional<AuditVerification> check(AuditRecord record, byte[] bytes, long offset, LineReader lines)
            throws IOException {
        if (!AuditLine.intact(record, bytes)) {
            return fault(Damage.ALTERED, offset, "record " + record.seq() + " does not have the hash it states");
        }
        boolean first = starts.isEmpty();
        if (line == 1) {
            starts.add(new Start(record.seq(), record.prev()));
        }
        if (first) {
            return Optional.empty();
        }
        long due = head.seq() + 1;
        if (record.seq() == due) {
            return record.prev().equals(head.hash())
                    ? Optional.empty()
                    : fault(
                            Damage.ALTERED,
                            offset,
                            "record " + due + " follows another record than the one before it: that one was rewritten");
        }
        if (record.seq() < due) {
            return fault(
                    Damage.REORDERED,
                    offset,
                    "record " + record.seq() + " stands where record " + due + " belongs, and belongs before it");
        }
        return comesLater(due, lines)
                ? fault(
                        Damage.REORDERED,
                        offset,
                        "record " + record.seq() + " stands where record " + due + " belongs, which comes later")
                : fault(
                        Damage.REMOVED,
                        offset,
                        "records " + due + " to " + (record.seq() - 1) + " are missing before this one");
    }

    private static boolean comesLater(long seq, LineReader lines) throws IOException {
        for (Optional<byte[]> rest = lines.next(); rest.isPresent(); rest = lines.next()) {
            try {
                if (AuditLine.parse(rest.get()).seq() == seq) {
                    return true;
                }
            } catch (IOException _) {
                // Only the first fault is reported; this line comes after it.
                continue;
            }
        }
        return false;
    }

    /** What is wrong with the chain as a whole, every record of which is good. */
    private Optional<AuditVerification> wrong(long offset) {
        if (!sawRemembered && remembered.isPresent()) {
            AuditHead known = remembered.get();
            return known.seq() > head.seq()
                    ? fault(
                            Damage.TRUNCATED,
                            offset,
                            "the log ends with record " + head.seq() + ", but its head file knows of record "
                                    + known.seq())
                    : fault(Damage.OTHER_CHAIN, offset, "record " + known.seq() + " is not the one in the head file");
        }
        if (!sawExpected) {
            return fault(
                    Damage.OTHER_CHAIN,
                    offset,
                    "the expected head is not in the chain: records after " + head.seq()
                            + " were cut off, the log was rewritten, or rotation has let that record go");
        }
        if (anchored && !starts.isEmpty() && !anchors.contains(starts.getFirst())) {
            part = parts.getFirst();
            line = 1;
            return fault(
                    Damage.REMOVED,
                    0,
                    "records 1 to " + (starts.getFirst().seq() - 1)
                            + " are missing before this one, and no rotation in the log has let them go");
        }
        return Optional.empty();
    }

    private AuditVerification atPartialEnd(long offset) {
        return wrong(offset)
                .orElseGet(() -> result(
                        Optional.of(new Fault(
                                Damage.PARTIAL_TAIL,
                                part.name(),
                                line,
                                offset,
                                "the last line is incomplete: a crash, or a writer at work; the next opener removes"
                                        + " it")),
                        true));
    }

    private AuditVerification atEnd() {
        return wrong(head.bytes()).orElseGet(() -> result(Optional.empty(), false));
    }

    private Optional<AuditVerification> fault(Damage damage, long offset, String message) {
        return Optional.of(result(Optional.of(new Fault(damage, part.name(), line, offset, message)), false));
    }

    private AuditVerification result(Optional<Fault> fault, boolean repairable) {
        long first = starts.isEmpty() ? head.seq() + 1 : starts.getFirst().seq();
        return new AuditVerification(head, first, parts.size() - 1, fault, repairable);
    }
}
