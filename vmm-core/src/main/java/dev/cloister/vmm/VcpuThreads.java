package dev.cloister.vmm;

import dev.cloister.devices.Waiting;
import dev.cloister.vmm.engine.VcpuBody;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The threads of a machine's vCPUs, one generation after the other. Any thread. */
final class VcpuThreads {
    private static final int STACK_BYTES = 512 << 10;
    private static final int TOLD = 4;
    private static final int DEPTH = 4;
    private static final String PROGRAM = "dev.cloister.";

    private final String machine;
    private volatile List<Thread> threads = List.of();

    /** No threads yet, of a machine with this name. */
    VcpuThreads(String machine) {
        this.machine = machine;
    }

    /** Starts a thread for each body; those before have ended. */
    void start(List<? extends VcpuBody> bodies) {
        Thread[] made = new Thread[bodies.size()];
        for (int i = 0; i < made.length; i++) {
            made[i] = new Thread(null, bodies.get(i), "vcpu-" + machine + "-" + i, STACK_BYTES, false);
        }
        threads = List.of(made);
        threads.forEach(Thread::start);
    }

    /** Waits until all have ended. An interrupt is kept for later. */
    void join() {
        threads.forEach(Waiting::join);
    }

    /** Whether one of them has not ended. */
    boolean alive() {
        return threads.stream().anyMatch(Thread::isAlive);
    }

    /** Those that have not ended and where they stand, one line each, of the first few. */
    List<String> places() {
        return threads.stream()
                .filter(Thread::isAlive)
                .limit(TOLD)
                .map(VcpuThreads::place)
                .toList();
    }

    /** The innermost method, which is most often the JDK's, and those of this program that led there. */
    private static String place(Thread thread) {
        StackTraceElement[] frames = thread.getStackTrace();
        String own = Stream.of(frames)
                .filter(frame -> frame.getClassName().startsWith(PROGRAM))
                .limit(DEPTH)
                .map(VcpuThreads::method)
                .collect(Collectors.joining(", "));
        String innermost = frames.length == 0 ? "no method" : method(frames[0]);
        return "thread " + thread.getName() + " is in " + innermost + (own.isEmpty() ? "" : ", called by " + own);
    }

    private static String method(StackTraceElement frame) {
        return frame.getClassName() + "." + frame.getMethodName();
    }
}
