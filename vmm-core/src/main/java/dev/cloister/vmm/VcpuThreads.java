package dev.cloister.vmm;

import dev.cloister.vmm.engine.VcpuBody;
import java.util.List;

/** The threads of a machine's vCPUs, one generation after the other. Any thread. */
final class VcpuThreads {
    private static final int STACK_BYTES = 512 << 10;

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

    /** Waits until all have ended, whatever happens; returns whether the caller was interrupted meanwhile. */
    boolean join() {
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        return interrupted;
    }
}
