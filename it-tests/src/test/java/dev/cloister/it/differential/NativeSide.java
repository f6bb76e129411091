package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cloister.emulator.cpu.CpuState;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * The real processor without KVM: a process that runs cases and catches each exception as a signal. The witness where software-assisted
 * KVM intercepts what the processor raised (#UD, #GP) and interprets the instruction instead. It has no page of a supervisor in the test
 * area: such an access finds no page.
 */
final class NativeSide implements RealSide {
    private static final long PATIENCE_SECONDS = 4;
    /** TASK_SIZE_MAX of Linux. */
    private static final long KERNEL = 0x7FFFFFFFF000L;

    private final Path directory;
    private final Path image;
    private final Path program;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment ram;
    private final ScheduledExecutorService watchdog = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().factory());
    private Process process;

    /**
     * Starts the process.
     *
     * @param seed of the data template
     * @param narrow whether it gets the local descriptor table of 16- and 32-bit cases
     */
    NativeSide(long seed, boolean narrow) throws IOException {
        directory = Files.createTempDirectory("differential");
        image = directory.resolve("image");
        program = directory.resolve("program");
        Files.write(program, Image.program(narrow));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        try (FileChannel channel = FileChannel.open(
                image, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ram = channel.map(FileChannel.MapMode.READ_WRITE, 0, Layout.RAM, arena);
        }
        Image.fill(ram, seed, true);
        process = start();
    }

    /** Whether a process may have a local descriptor table here and run 16-bit code (modify_ldt(2)). */
    static boolean runsNarrowCode() throws IOException {
        try (NativeSide side = new NativeSide(0, true)) {
            TestCase c = new TestCase();
            c.bits = 16;
            c.code = new byte[] {(byte) 0x90};
            c.selectors[CpuState.CS] = Segments.CODE_16[0];
            Outcome[] outcome = {new Outcome()};
            side.run(List.of(c), outcome);
            return outcome[0].status == Outcome.Status.EXCEPTION && outcome[0].vector == 3;
        }
    }

    private Process start() throws IOException {
        return new ProcessBuilder(program.toString(), image.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Override
    public void run(List<TestCase> cases, Outcome[] outcomes) throws IOException {
        for (int first = 0; first < cases.size(); first += Layout.BATCH) {
            batch(cases.subList(first, Math.min(cases.size(), first + Layout.BATCH)), outcomes, first);
        }
    }

    private void batch(List<TestCase> cases, Outcome[] outcomes, int offset) throws IOException {
        for (int n = 0; n < cases.size(); n++) {
            cases.get(n).write(ram, Layout.CASES + (long) n * Layout.CASE_SIZE);
        }
        int next = 0;
        while (next < cases.size()) {
            boolean done = enter(next, cases.size() - next);
            int reached = done ? cases.size() : present();
            for (int n = next; n < reached; n++) {
                outcomes[offset + n].read(ram, Layout.RESULTS + (long) n * Layout.RESULT_SIZE);
                supervisor(outcomes[offset + n]);
            }
            if (!done) {
                outcomes[offset + reached].refuse("the native process ended");
                ram.asSlice(Layout.CODE + cases.get(reached).codeOffset, Layout.CODE_SLOT)
                        .fill(Layout.FILLER);
                process = start();
            }
            next = reached + (done ? 0 : 1);
        }
    }

    /** What no process can have: a present page of a supervisor. Of the kernel's half Linux says that all is present. */
    private static void supervisor(Outcome outcome) {
        if (outcome.vector == 14 && (outcome.cr2 & -Layout.PAGE) == Layout.SUPERVISOR_LINEAR) {
            outcome.errorCode |= 1;
        } else if (outcome.vector == 14 && Long.compareUnsigned(outcome.cr2, KERNEL) >= 0) {
            outcome.errorCode &= ~1;
        }
    }

    private int present() {
        long at = ram.get(JAVA_LONG_UNALIGNED, Layout.CONTROL + Layout.CASE_POINTER) - Layout.ALIAS - Layout.CASES;
        return Math.toIntExact(at / Layout.CASE_SIZE);
    }

    private boolean enter(int first, int count) {
        ram.set(
                JAVA_LONG_UNALIGNED,
                Layout.CONTROL + Layout.CASE_POINTER,
                Layout.ALIAS + Layout.CASES + (long) first * Layout.CASE_SIZE);
        ram.set(
                JAVA_LONG_UNALIGNED,
                Layout.CONTROL + Layout.RESULT_POINTER,
                Layout.ALIAS + Layout.RESULTS + (long) first * Layout.RESULT_SIZE);
        ram.set(JAVA_LONG_UNALIGNED, Layout.CONTROL + Layout.COUNT, count);
        Process running = process;
        ScheduledFuture<?> late = watchdog.schedule(running::destroyForcibly, PATIENCE_SECONDS, TimeUnit.SECONDS);
        try {
            running.getOutputStream().write(1);
            running.getOutputStream().flush();
            return running.getInputStream().read() >= 0;
        } catch (IOException e) {
            return false;
        } finally {
            late.cancel(false);
        }
    }

    @Override
    public void close() throws IOException {
        watchdog.shutdownNow();
        process.destroyForcibly();
        arena.close();
        Files.deleteIfExists(image);
        Files.deleteIfExists(program);
        Files.deleteIfExists(directory);
    }
}
