package dev.cloister.vmm.engine.emulated;

import dev.cloister.devices.interrupt.Processor;
import dev.cloister.emulator.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Makes one vCPU of the emulated engine look around: wakes it, or has its executor return. Any thread, never blocks. */
final class VcpuSignal implements Processor {
    private volatile @Nullable Executor executor;
    private volatile @Nullable Thread thread;

    void executes(Executor made) {
        executor = made;
    }

    /** The vCPU's thread, on itself, before it looks for anything. */
    void runsHere() {
        thread = Thread.currentThread();
    }

    /** Waits for a signal, perhaps in vain; one that came since the last wait ends it at once. The vCPU's thread. */
    void await() {
        LockSupport.park(this);
    }

    @Override
    public void attend() {
        Executor running = executor;
        if (running != null) {
            running.kick();
        }
        LockSupport.unpark(thread);
    }
}
