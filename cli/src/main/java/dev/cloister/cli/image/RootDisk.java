package dev.cloister.cli.image;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Makes root disks with the host's tools: a script that runs as root, or as root of a user namespace of its own.
 *
 * @param tool mmdebstrap or debootstrap; none to fetch it
 * @param rights what precedes the script's command: nothing for root
 * @param progress is told what is done, one line each
 */
record RootDisk(Optional<Path> tool, List<String> rights, Consumer<String> progress) {
    private static final String SCRIPT = "make-root.sh";
    private static final String LABEL = "cloister-root";
    private static final String STEP = "step: ";
    private static final String NEWS = "I: ";
    private static final int LAST_LINES = 12;

    /** Root's rights over the tree, with all users that a system has: each file keeps its owner, nobody else's is touched. */
    private static final List<String> NAMESPACE = List.of(
            "unshare",
            "--user",
            "--map-root-user",
            "--map-auto",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--setuid=0",
            "--setgid=0");

    /**
     * What is wanted.
     *
     * @param disk the file, replaced
     * @param size its bytes, a multiple of 1024
     * @param suite Debian's release
     * @param mirror where packages come from; empty for the tool's own choice
     * @param packages what is installed beside the minimum
     * @param hostname the system's name
     * @param password a file with root's password, or null
     * @param release the kernel whose modules go in
     */
    record Wish(
            Path disk,
            long size,
            String suite,
            String mirror,
            Set<String> packages,
            String hostname,
            Path password,
            String release) {}

    /** Looks for tools and rights; what is missing is said at once, before anything is fetched. */
    static RootDisk onThisHost(Consumer<String> progress) throws CommandFailure, IOException, InterruptedException {
        if (HostSystem.program("mke2fs").isEmpty()) {
            throw new CommandFailure(
                    ExitCodes.HOST, "mke2fs is missing, which makes the file system: apt install e2fsprogs");
        }
        Optional<Path> tool = HostSystem.program("mmdebstrap").or(() -> HostSystem.program("debootstrap"));
        return new RootDisk(tool, ownRights(), progress);
    }

    private static List<String> ownRights() throws CommandFailure, IOException, InterruptedException {
        if ("root".equals(System.getProperty("user.name"))) {
            return List.of();
        }
        List<String> probe = new ArrayList<>(NAMESPACE);
        probe.add("true");
        String said;
        try {
            Process process =
                    new ProcessBuilder(probe).redirectErrorStream(true).start();
            process.getOutputStream().close();
            said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() == 0) {
                return NAMESPACE;
            }
        } catch (IOException e) {
            said = "unshare cannot be run";
        }
        throw new CommandFailure(
                ExitCodes.HOST,
                "a root disk holds files of several users: this needs root, or a user namespace with further users"
                    + " (apt install uidmap; a line for you in /etc/subuid and /etc/subgid, as usermod --add-subuids"
                    + " 100000-165535 --add-subgids 100000-165535 USER makes it; unshare of util-linux 2.38 or newer)."
                    + " It said: " + said);
    }

    /** Makes the disk; the kernel's package is unpacked in {@code work} already. */
    void make(Wish wish, Path work) throws CommandFailure, IOException, InterruptedException {
        Path program = tool.isPresent() ? tool.get() : fetchTool(work);
        Path script = work.resolve(SCRIPT);
        try (InputStream in = RootDisk.class.getResourceAsStream(SCRIPT)) {
            Files.copy(in, script);
        }
        List<String> command = new ArrayList<>(rights);
        command.addAll(List.of("sh", script.toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(work.toFile()).redirectErrorStream(true);
        builder.environment()
                .putAll(Map.ofEntries(
                        Map.entry("WORK", work.toString()),
                        Map.entry("DISK", wish.disk().toAbsolutePath().toString()),
                        Map.entry("SIZE", (wish.size() >> 10) + "k"),
                        Map.entry("LABEL", LABEL),
                        Map.entry("SUITE", wish.suite()),
                        Map.entry("MIRROR", wish.mirror()),
                        Map.entry("PACKAGES", String.join(",", wish.packages())),
                        Map.entry("TOOL", program.toString()),
                        Map.entry("KERNEL", work.resolve("root").toString()),
                        Map.entry("RELEASE", wish.release()),
                        Map.entry("HOSTNAME", wish.hostname()),
                        Map.entry(
                                "PASSWORD",
                                wish.password() == null
                                        ? ""
                                        : wish.password().toAbsolutePath().toString())));
        follow(builder, program);
    }

    private Path fetchTool(Path work) throws CommandFailure, IOException, InterruptedException {
        progress.accept("fetching mmdebstrap");
        DebianArchive archive = new DebianArchive(work);
        archive.fetch("mmdebstrap");
        return archive.file("usr/bin", "mmdebstrap");
    }

    private void follow(ProcessBuilder builder, Path program) throws CommandFailure, IOException, InterruptedException {
        Deque<String> last = new ArrayDeque<>();
        Process process = builder.start();
        // Its own trap removes the tree.
        Thread hook = new Thread(process::destroy, "stop");
        Runtime.getRuntime().addShutdownHook(hook);
        process.getOutputStream().close();
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                show(line);
                last.addLast(line);
                if (last.size() > LAST_LINES) {
                    last.removeFirst();
                }
            }
        }
        int code = process.waitFor();
        Runtime.getRuntime().removeShutdownHook(hook);
        if (code != 0) {
            throw new CommandFailure(
                    ExitCodes.HOST,
                    "the root disk can't be made: " + program.getFileName() + " or what follows it ended with " + code
                            + "; its last lines:\n  " + String.join("\n  ", last));
        }
    }

    private void show(String line) {
        if (line.startsWith(STEP) || line.startsWith(NEWS)) {
            progress.accept(line.substring(line.indexOf(' ') + 1));
        }
    }
}
