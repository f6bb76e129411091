package dev.cloister.it.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Ways to stop and resume a busy process from outside, and how late an absolute deadline is met beside load: a C program, so that
 * what is measured is the kernel's part. docs/schedule.md draws the conclusions.
 */
final class ScheduleBench {
    private static final String ROUNDS = "100";

    private ScheduleBench() {}

    static void run(PrintStream out, Path scratch, Path busyGuest) throws IOException, InterruptedException {
        Optional<Path> program = NativePeer.compile("schedule.c", scratch);
        if (program.isEmpty()) {
            out.println("schedule: skipped, there is no gcc on the PATH");
        } else {
            stopping(out, program.get());
        }
        FrameBench.run(out, scratch, busyGuest);
    }

    private static void stopping(PrintStream out, Path program) throws IOException, InterruptedException {
        out.println("ways to stop a process of four busy threads, " + ROUNDS + " rounds");
        out.println(NativePeer.output(List.of(program.toString(), ROUNDS)));
    }
}
