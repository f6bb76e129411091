package dev.cloister.policy.audit;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The one line of a head file: fixed length, so that it is overwritten in place and needs no room on a full disk. */
final class HeadLine {
    /** Its length in bytes. */
    static final int LENGTH = 127;

    private static final String FORMAT = "cloister-audit-head 1 %019d %s %019d";
    private static final Pattern LINE =
            Pattern.compile("cloister-audit-head 1 ([0-9]{19}) ([0-9a-f]{64}) ([0-9]{19})\n");

    private HeadLine() {}

    static String format(AuditHead head) {
        return String.format(Locale.ROOT, FORMAT, head.seq(), head.hash(), head.bytes()) + "\n";
    }

    /** Reads a head; a line torn by a crash is no head. */
    static Optional<AuditHead> parse(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return Optional.of(
                new AuditHead(Long.parseLong(matcher.group(1)), matcher.group(2), Long.parseLong(matcher.group(3))));
    }
}
