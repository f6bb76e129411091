package dev.cloister.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What descriptors a process has, from {@code /proc}. */
public final class Descriptors {
    private Descriptors() {}

    /** Something to try that must leave nothing open. */
    @FunctionalInterface
    public interface Attempt {
        /** Tries it. */
        void run() throws Exception;
    }

    /** Descriptor numbers of a process, sorted. */
    public static List<Integer> of(int pid) throws IOException {
        try (var list = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return list.map(p -> Integer.parseInt(p.getFileName().toString()))
                    .sorted()
                    .toList();
        }
    }

    /**
     * Descriptors of this process that an attempt left open. It is tried once beforehand, so that what class loading opens does not
     * count.
     */
    public static int leakedBy(Attempt attempt) throws Exception {
        attempt.run();
        Map<Integer, String> before = open();
        attempt.run();
        Map<Integer, String> after = open();
        after.entrySet().removeAll(before.entrySet());
        // Archives that class loading opens in the meantime are the JVM's.
        after.values().removeIf(target -> target.endsWith(".jar") || target.contains("/proc/"));
        return after.size();
    }

    private static Map<Integer, String> open() throws IOException {
        Map<Integer, String> result = new TreeMap<>();
        for (int number : of(Threads.getpid())) {
            Path link = Path.of("/proc/self/fd/" + number);
            try {
                result.put(number, Files.readSymbolicLink(link).toString());
            } catch (IOException e) {
                // Closed in the meantime: the descriptor that listed the directory.
            }
        }
        return result;
    }
}
