package dev.cloister.policy.audit;

import dev.cloister.policy.audit.AuditVerification.Damage;
import dev.cloister.policy.audit.AuditVerification.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Proves a log's chain, or says where and how it is broken. A chain alone can't show that whole records are missing at
 * its end: for that it is compared with the head file beside the log and, if given, with a head that was kept elsewhere.
 * Whoever can rewrite both the log and its head file is only found out by a head kept elsewhere.
 */
public final class AuditVerifier {
    private final LineReader lines;
    private final Optional<AuditHead> remembered;
    private final Optional<String> expected;
    private AuditHead head = AuditHead.EMPTY;
    private long line;
    private boolean sawRemembered;
    private boolean sawExpected;

    private AuditVerifier(LineReader.Source source, Optional<AuditHead> remembered, Optional<String> expected) {
        this.lines = new LineReader(source, 0);
        this.remembered = remembered;
        this.expected = expected;
        this.sawRemembered = remembered.map(AuditHead::seq).orElse(0L) == 0;
        this.sawExpected = expected.isEmpty() || expected.get().equals(AuditHead.GENESIS);
    }

    /**
     * Verifies a log, also while it is written.
     *
     * @param log the log; {@code <log>.head} is used where it exists
     * @param expectedHead hash of a record that must be in the chain, such as a head that was printed earlier
     * @throws IOException if it can't be read
     */
    public static AuditVerification verify(Path log, Optional<String> expectedHead) throws IOException {
        // The head first: the log may grow in between, and must never be behind its head.
        Path headFile = FileAuditStorage.headFile(log);
        Optional<AuditHead> head = Files.exists(headFile)
                ? HeadLine.parse(Files.readString(headFile, StandardCharsets.ISO_8859_1))
                : Optional.empty();
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.READ)) {
            return new AuditVerifier(source(channel), head, expectedHead).run();
        }
    }

    static AuditVerification verify(AuditStorage storage) throws IOException {
        return new AuditVerifier(storage::read, HeadLine.parse(storage.readHead()), Optional.empty()).run();
    }

    static LineReader.Source source(FileChannel channel) {
        return (position, into) -> Math.max(0, channel.read(ByteBuffer.wrap(into), position));
    }

    private AuditVerification run() throws IOException {
        while (true) {
            long offset = lines.position();
            line++;
            Optional<byte[]> bytes;
            try {
                bytes = lines.next();
            } catch (IOException e) {
                return fault(Damage.MALFORMED, offset, String.valueOf(e.getMessage()));
            }
            if (bytes.isEmpty()) {
                return atEnd(offset);
            }
            AuditRecord record;
            try {
                record = AuditLine.parse(bytes.get());
            } catch (IOException e) {
                return fault(Damage.MALFORMED, offset, "not a record: " + e.getMessage());
            }
            Optional<AuditVerification> broken = check(record, bytes.get(), offset);
            if (broken.isPresent()) {
                return broken.get();
            }
            head = new AuditHead(record.seq(), record.hash(), lines.position());
            sawExpected |= expected.isPresent() && expected.get().equals(record.hash());
            sawRemembered |= remembered.isPresent() && remembered.get().equals(head);
        }
    }

    private Optional<AuditVerification> check(AuditRecord record, byte[] bytes, long offset) throws IOException {
        long due = head.seq() + 1;
        if (!AuditLine.intact(record, bytes)) {
            return Optional.of(
                    fault(Damage.ALTERED, offset, "record " + record.seq() + " does not have the hash it states"));
        }
        if (record.seq() == due) {
            return record.prev().equals(head.hash())
                    ? Optional.empty()
                    : Optional.of(fault(
                            Damage.ALTERED,
                            offset,
                            "record " + due
                                    + " follows another record than the one before it: that one was rewritten"));
        }
        if (record.seq() < due) {
            return Optional.of(fault(
                    Damage.REORDERED,
                    offset,
                    "record " + record.seq() + " stands where record " + due + " belongs, and was there before"));
        }
        return Optional.of(
                comesLater(due)
                        ? fault(
                                Damage.REORDERED,
                                offset,
                                "record " + record.seq() + " stands where record " + due
                                        + " belongs, which comes later")
                        : fault(
                                Damage.REMOVED,
                                offset,
                                "records " + due + " to " + (record.seq() - 1) + " are missing before this one"));
    }

    private boolean comesLater(long seq) throws IOException {
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

    private AuditVerification atEnd(long offset) throws IOException {
        boolean partial = lines.hasMore();
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
                            + " were cut off, or the log was rewritten");
        }
        if (partial) {
            Fault fault = new Fault(
                    Damage.PARTIAL_TAIL,
                    line,
                    offset,
                    "the last line is incomplete: a crash, or a writer at work; the next opener removes it");
            return new AuditVerification(head, Optional.of(fault), true);
        }
        return new AuditVerification(head, Optional.empty(), false);
    }

    private AuditVerification fault(Damage damage, long offset, String message) {
        return new AuditVerification(head, Optional.of(new Fault(damage, line, offset, message)), false);
    }
}
