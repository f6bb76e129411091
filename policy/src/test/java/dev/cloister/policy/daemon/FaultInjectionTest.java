package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.FaultInjection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The k-th call of a kind fails by one of its errors, in a whole life of a daemon ({@link FaultRun}). A share chosen by a seed; all
 * of them with {@code -Dcloister.faults=all}, another seed with {@code -Dcloister.faults.seed}.
 */
@Timeout(1800)
class FaultInjectionTest {
    private static final long SEED = Long.getLong("cloister.faults.seed", 20_261);
    private static final boolean ALL = "all".equals(System.getProperty("cloister.faults"));
    private static final int SHARE = 24;
    private static final int MOST_OF_A_CALL = 150;

    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int ENOMEM = 12;
    private static final int EMFILE = 24;
    private static final int ENOSPC = 28;

    /** Calls by number, with errors that their man pages know (section 2), and ENOSPC where the medium may be full. */
    private static final Map<Long, List<Integer>> ERRORS = Map.ofEntries(
            Map.entry(FaultInjection.LIBC, List.of(EAGAIN, ENOMEM)),
            Map.entry(0L, List.of(EINTR, EAGAIN)),
            // EAGAIN of an eventfd means that its counter is full: nothing is lost then, so it can't be pretended.
            Map.entry(1L, List.of(EINTR)),
            Map.entry(7L, List.of(EINTR, ENOMEM)),
            Map.entry(9L, List.of(ENOMEM)),
            Map.entry(46L, List.of(EINTR, EAGAIN, ENOMEM)),
            Map.entry(47L, List.of(EINTR, EAGAIN, ENOMEM)),
            Map.entry(53L, List.of(EMFILE, ENOMEM)),
            Map.entry(72L, List.of(ENOMEM)),
            Map.entry(77L, List.of(EINTR, ENOSPC)),
            Map.entry(247L, List.of(EINTR)),
            Map.entry(257L, List.of(EMFILE, EINTR, ENOMEM)),
            Map.entry(290L, List.of(EMFILE, ENOMEM)),
            Map.entry(293L, List.of(EMFILE, ENOMEM)),
            Map.entry(319L, List.of(EMFILE, ENOMEM)),
            Map.entry(434L, List.of(EMFILE, ENOMEM)));

    @TempDir
    Path directory;

    @Test
    void noFailingCallLeaksHangsOrEndsTheDaemon() throws Exception {
        List<String> faults = faults(run(List.of("0:0:0")).getFirst());
        List<String> lines = run(faults);
        assertThat(lines).as("one verdict for each, seed " + SEED).hasSameSizeAs(faults);
        assertThat(lines).as("seed " + SEED).noneMatch(line -> line.contains("WRONG"));
        assertThat(lines).as("seed " + SEED).anyMatch(line -> line.endsWith(" ok"));
    }

    /** What the calibrating life counted, times the errors of each call; in a random order, cut to the share. */
    private static List<String> faults(String counted) {
        List<String> faults = new ArrayList<>();
        String list = counted.substring(counted.indexOf('{') + 1, counted.indexOf('}'));
        for (String pair : list.split(", ")) {
            long call = Long.parseLong(pair.substring(0, pair.indexOf('=')));
            int count = Math.min(MOST_OF_A_CALL, Integer.parseInt(pair.substring(pair.indexOf('=') + 1)));
            for (int errno : ERRORS.getOrDefault(call, List.of())) {
                for (int k = 1; k <= count; k++) {
                    faults.add(call + ":" + errno + ":" + k);
                }
            }
        }
        Collections.shuffle(faults, new Random(SEED));
        return ALL ? faults : faults.subList(0, Math.min(SHARE, faults.size()));
    }

    private List<String> run(List<String> faults) throws IOException, InterruptedException {
        List<String> command = DaemonFixture.java(FaultRun.class.getName());
        int at = command.indexOf("-cp") + 1;
        command.set(at, command.get(at) + ":" + everything());
        command.add(1, "-D" + FaultInjection.PROPERTY + "=true");
        command.add(Files.createTempDirectory(directory, "faults").toString());
        command.addAll(faults);
        Path out = Files.createTempFile(directory, "faults", ".out");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertThat(process.waitFor(ALL ? 1700 : 180, TimeUnit.SECONDS))
                    .as("the campaign ends, seed " + SEED)
                    .isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        return Files.readAllLines(out).stream()
                .filter(line -> line.matches("-?\\d+:\\d+:\\d+ .*"))
                .toList();
    }

    /** The tests run on a module path or a class path; the process on a class path of both. */
    private static String everything() {
        return String.join(":", System.getProperty("java.class.path", ""), System.getProperty("jdk.module.path", ""));
    }
}
