package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** QEMU's translator as a machine of the test kernel: its RAM is a file that both sides map. One thread. */
final class SystemTcg implements SystemMachine {
    private static final String PROGRAM = "qemu-system-x86_64";
    /** No vector: the case that has it as its result hasn't ended. */
    private static final int UNTOUCHED = -1;

    private static final int PATIENCE_SECONDS = 3;

    private final Path directory;
    private final Path ramFile;
    private final Path rom;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment ram;
    private final Consumer<MemorySegment> filler;

    /**
     * Makes the file.
     *
     * @param filler writes the kernel into memory
     */
    SystemTcg(Consumer<MemorySegment> filler) throws IOException {
        this.filler = filler;
        directory = Files.createTempDirectory("opinion");
        ramFile = directory.resolve("ram");
        rom = directory.resolve("rom");
        Files.write(rom, SystemImage.rom());
        try (FileChannel channel = FileChannel.open(
                ramFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ram = channel.map(FileChannel.MapMode.READ_WRITE, 0, SystemPlace.RAM, arena);
        }
    }

    /** Its version, or an empty text where it isn't installed. */
    static String version() throws InterruptedException {
        try {
            Process process = new ProcessBuilder(PROGRAM, "--version").start();
            String text = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? text.lines().findFirst().orElse("") : "";
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public List<SystemOutcome> run(List<SystemCase> cases) throws IOException {
        for (int n = 0; n < cases.size(); n++) {
            cases.get(n).write(ram, n);
        }
        List<SystemOutcome> outcomes = new ArrayList<>();
        while (outcomes.size() < cases.size()) {
            int first = outcomes.size();
            filler.accept(ram);
            SystemImage.arm(ram, first, cases.size() - first);
            for (int n = first; n < cases.size(); n++) {
                ram.set(JAVA_INT_UNALIGNED, result(n), UNTOUCHED);
            }
            String failure = launch();
            int reached = first;
            while (reached < cases.size() && ram.get(JAVA_INT_UNALIGNED, result(reached)) != UNTOUCHED) {
                reached++;
            }
            for (int n = first; n < reached; n++) {
                outcomes.add(SystemOutcome.read(ram, n));
            }
            if (reached < cases.size()) {
                outcomes.add(SystemOutcome.refuse(failure));
            }
        }
        return outcomes;
    }

    private static long result(int index) {
        return SystemPlace.RESULTS + (long) index * SystemPlace.CASE_SIZE;
    }

    private String launch() throws IOException {
        Process process = new ProcessBuilder(
                        PROGRAM,
                        "-accel",
                        "tcg",
                        "-cpu",
                        "max,vendor=GenuineIntel",
                        "-object",
                        "memory-backend-file,id=ram,size=" + SystemPlace.RAM + ",share=on,mem-path=" + ramFile,
                        "-machine",
                        "pc,memory-backend=ram",
                        "-m",
                        String.valueOf(SystemPlace.RAM >> 20),
                        "-bios",
                        rom.toString(),
                        "-device",
                        "isa-debug-exit,iobase=0xf4,iosize=4",
                        "-display",
                        "none",
                        "-nodefaults",
                        "-no-reboot")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                return process.exitValue() == 0 ? "triple fault" : "QEMU ended with " + process.exitValue();
            }
            return "no end";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            process.destroyForcibly();
        }
    }

    @Override
    public void close() throws IOException {
        arena.close();
        Files.deleteIfExists(ramFile);
        Files.deleteIfExists(rom);
        Files.deleteIfExists(directory);
    }
}
