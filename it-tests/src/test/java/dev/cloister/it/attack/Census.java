package dev.cloister.it.attack;

import dev.cloister.linux.Linux;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What an installation holds of the host: processes, descriptors, shared memory, control groups. Orphans of this process' descendants
 * become its own children ({@code PR_SET_CHILD_SUBREAPER}, prctl(2)), so none is overlooked; those that died are reaped here.
 */
final class Census {
    private static final long SYS_WAIT4 = 61;
    private static final long SYS_PRCTL = 157;
    private static final int PR_SET_CHILD_SUBREAPER = 36;
    private static final int WNOHANG = 1;
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    private Census() {}

    /** Has orphans come to this process, or no more. */
    static void adoptOrphans(boolean on) throws IOException {
        Linux.check(Linux.syscall(SYS_PRCTL, PR_SET_CHILD_SUBREAPER, on ? 1 : 0, 0, 0, 0, 0), "prctl", "subreaper");
    }

    /** Reaps orphans that have ended. */
    static void reap(ProcessHandle command) {
        ProcessHandle.current()
                .children()
                .filter(child -> !child.equals(command) && state(child.pid()) == 'Z')
                .forEach(child -> Linux.syscall(SYS_WAIT4, child.pid(), 0, WNOHANG, 0, 0, 0));
    }

    /** Living processes of the installation, by what they are. */
    static Map<String, Integer> processes() {
        Map<String, Integer> found = new TreeMap<>();
        ProcessHandle.current()
                .descendants()
                .filter(p -> state(p.pid()) != 'Z')
                .forEach(p -> found.merge(role(p.pid()), 1, Integer::sum));
        found.remove("");
        return found;
    }

    /** Processes of one role. */
    static List<Long> processes(String role) {
        return ProcessHandle.current()
                .descendants()
                .map(ProcessHandle::pid)
                .filter(pid -> role(pid).equals(role) && state(pid) != 'Z')
                .toList();
    }

    /** What a process is, from its command line; empty if it is gone. */
    private static String role(long pid) {
        try {
            String line = Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1);
            if (line.isEmpty()) {
                return "";
            }
            String program = line.substring(0, line.indexOf('\0'));
            String name = program.substring(program.lastIndexOf('/') + 1);
            if (!name.equals("java")) {
                return name;
            }
            return line.contains("PolicyDaemonMain") ? "daemon" : line.contains("VmmMain") ? "vmm" : "command";
        } catch (IOException e) {
            return "";
        }
    }

    /** Field 3 of proc_pid_stat(5); Z also for what is gone. */
    private static char state(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return 'Z';
        }
    }

    /** A process' descriptors by sort; files of the JVM's own are left out. */
    static Map<String, Integer> descriptors(long pid) throws IOException {
        Map<String, Integer> found = new TreeMap<>();
        for (String target : targets(pid)) {
            String sort = target.replaceFirst("^/memfd:.*", "memfd").replaceFirst(":\\[[0-9]+\\]$", "");
            if (!sort.startsWith("/") || sort.startsWith("/dev/")) {
                found.merge(sort, 1, Integer::sum);
            }
        }
        return found;
    }

    /** Memory files that any process of the installation has open or mapped, as device:inode. */
    static long memories() throws IOException {
        return ProcessHandle.current()
                .descendants()
                .flatMap(p -> memories(p.pid()))
                .distinct()
                .count();
    }

    private static Stream<String> memories(long pid) {
        try {
            Stream<String> mapped = Files.readAllLines(Path.of("/proc/" + pid + "/maps")).stream()
                    .filter(line -> line.contains("/memfd:"))
                    .map(line -> line.split(" +")[4]);
            Stream<String> open;
            try (Stream<Path> links = Files.list(Path.of("/proc/" + pid + "/fd"))) {
                open = links.filter(link -> target(link).startsWith("/memfd:")).map(Census::inode).toList().stream();
            }
            return Stream.concat(mapped, open);
        } catch (IOException e) {
            return Stream.of();
        }
    }

    private static String inode(Path link) {
        try {
            return String.valueOf(Files.getAttribute(link, "unix:ino"));
        } catch (IOException e) {
            return "gone";
        }
    }

    private static List<String> targets(long pid) throws IOException {
        try (Stream<Path> links = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return links.map(Census::target).filter(t -> !t.isEmpty()).toList();
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "";
        }
    }

    /** Control groups of VMMs of those domains. */
    static Set<Path> cgroups(List<String> domains) throws IOException {
        Set<Path> found = new TreeSet<>();
        if (!Files.isDirectory(CGROUPS)) {
            return found;
        }
        Pattern ours = Pattern.compile("cloister-vmm-.*-(" + String.join("|", domains) + ")");
        Files.walkFileTree(CGROUPS, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) {
                if (ours.matcher(dir.getFileName().toString()).matches()) {
                    found.add(dir);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }
        });
        return found;
    }

    /** Those whose process is gone. */
    static Set<Path> staleCgroups(List<String> domains) throws IOException {
        Set<Path> found = cgroups(domains);
        found.removeIf(group -> ProcessHandle.of(
                        Long.parseLong(group.getFileName().toString().split("-")[2]))
                .isPresent());
        return found;
    }

    /** Resident memory of a process in KiB. */
    static long residentKib(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(0);
    }
}
