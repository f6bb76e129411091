package dev.cloister.policy.state;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the last report of each domain in the state directory. A report is what a VMM says of itself: kept for people as it came,
 * bounded by the protocol's frame, and never read by the daemon.
 */
public final class ReportStore {
    private static final Logger LOG = LoggerFactory.getLogger(ReportStore.class);

    private final Path directory;

    /** Keeps reports in the state directory. */
    public ReportStore(Path directory) {
        this.directory = directory;
    }

    /** The name of the file that keeps a domain's last report; the domain's name is one that the policy allows. */
    public static String name(String domain) {
        return domain + ".report.json";
    }

    /** Replaces a domain's report; returns the file's name. A report that can't be written costs the report, nothing else. */
    public String keep(String domain, String json) {
        String name = name(domain);
        try {
            Path scratch = directory.resolve(name + ".new");
            Files.write(
                    scratch,
                    json.getBytes(StandardCharsets.UTF_8),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE);
            Files.move(scratch, directory.resolve(name), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.warn("the report of domain {} is lost: {}", domain, e.getMessage());
        }
        return name;
    }
}
