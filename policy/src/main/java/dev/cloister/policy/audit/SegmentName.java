package dev.cloister.policy.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The names of rotated segments: {@code audit.log.000001} and so on, beside the current file {@code audit.log}. */
final class SegmentName {
    private static final Pattern NUMBER = Pattern.compile("\\.([0-9]{6,9})");

    private static final Pattern SUFFIX = Pattern.compile(".+\\.[0-9]{6,9}");

    private SegmentName() {}

    static Path of(Path log, int segment) {
        return log.resolveSibling(log.getFileName() + String.format(Locale.ROOT, ".%06d", segment));
    }

    /** Returns whether a file's name is that of a rotated segment. */
    static boolean isSegment(Path file) {
        return SUFFIX.matcher(file.getFileName().toString()).matches();
    }

    /** Returns the number of a file that is a segment of the log. */
    static Optional<Integer> number(Path log, Path file) {
        String base = log.getFileName().toString();
        String name = file.getFileName().toString();
        if (!name.startsWith(base)) {
            return Optional.empty();
        }
        Matcher matcher = NUMBER.matcher(name.substring(base.length()));
        return matcher.matches() && !matcher.group(1).startsWith("0000000")
                ? Optional.of(Integer.valueOf(matcher.group(1)))
                : Optional.empty();
    }

    /** Returns the numbers of the segments beside a log, ascending. */
    static List<Integer> beside(Path log) throws IOException {
        Path folder = log.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Integer> numbers = files.filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS))
                    .flatMap(f -> number(log, f).stream())
                    .sorted()
                    .toList();
            // In the middle of a rotation the current file has both names.
            boolean twice =
                    !numbers.isEmpty() && Files.exists(log) && Files.isSameFile(of(log, numbers.getLast()), log);
            return twice ? numbers.subList(0, numbers.size() - 1) : numbers;
        }
    }
}
