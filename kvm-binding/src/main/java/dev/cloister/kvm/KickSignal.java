package dev.cloister.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Threads;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The signal that gets a thread out of {@code KVM_RUN}. It is blocked in the thread and unblocked only by the mask that
 * {@code KVM_SET_SIGNAL_MASK} puts in force while the guest runs: sent before, it stays pending and {@code KVM_RUN} returns at once; no
 * handler ever runs. The thread takes it off the queue afterwards.
 */
final class KickSignal {
    /** SIGRTMIN + 10 as glibc counts: neither glibc (32, 33) nor the JVM uses it. */
    static final int SIGNAL = 44;

    private static final int MASK_BYTES = 8;

    private final MemorySegment set;
    private final Object lock = new Object();

    /** A kick is on its way; further ones fall together with it. */
    private final AtomicBoolean kicked = new AtomicBoolean();

    private volatile Thread owner;

    // Guarded by lock; means something while owner is set and alive.
    private int tid;

    KickSignal(Arena arena) {
        set = arena.allocateFrom(JAVA_LONG, Threads.bit(SIGNAL));
    }

    boolean boundToCaller() {
        return Thread.currentThread().equals(owner);
    }

    void bind(Fd vcpu, String name) throws ErrnoException {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException(name + " needs a platform thread");
        }
        synchronized (lock) {
            if (owner != null && owner.isAlive()) {
                throw new IllegalStateException(name + " is bound to " + owner);
            }
            long before = Threads.block(SIGNAL);
            try (Arena arena = Arena.ofConfined()) {
                // struct kvm_signal_mask { u32 len; u8 sigset[] }
                MemorySegment mask = arena.allocate(4 + MASK_BYTES, 4);
                mask.set(JAVA_INT, 0, MASK_BYTES);
                mask.set(JAVA_LONG_UNALIGNED, 4, before & ~Threads.bit(SIGNAL));
                Ioctl.call(vcpu, Ioctl.KVM_SET_SIGNAL_MASK, mask, "KVM_SET_SIGNAL_MASK", name);
            } catch (ErrnoException e) {
                Threads.unblock(SIGNAL);
                throw e;
            }
            tid = Threads.gettid();
            owner = Thread.currentThread();
            if (kicked.get()) {
                Threads.tgkill(tid, SIGNAL);
            }
        }
    }

    void unbind(String name) throws ErrnoException {
        if (!boundToCaller()) {
            throw new IllegalStateException(name + " is not bound to " + Thread.currentThread());
        }
        synchronized (lock) {
            owner = null;
        }
        // Nothing sends the signal any more, so none is left to be delivered when it is unblocked.
        takeAll();
        Threads.unblock(SIGNAL);
    }

    void requireUnbound(String name) {
        Thread thread = owner;
        if (thread != null && thread.isAlive()) {
            throw new IllegalStateException(name + " is still bound to " + thread + "; kick it and unbind there first");
        }
    }

    boolean send() {
        if (kicked.getAndSet(true)) {
            return true;
        }
        synchronized (lock) {
            // The number of a thread that ended without unbinding may be another's by now.
            Thread thread = owner;
            if (thread == null || !thread.isAlive() || Threads.tgkill(tid, SIGNAL) == 0) {
                return true;
            }
        }
        kicked.set(false);
        return false;
    }

    /**
     * Called by the bound thread when {@code KVM_RUN} was interrupted. The flag is cleared by an exchange after the queue is emptied: a
     * kick that found it set happened before this return, and its sender's writes are visible to the caller.
     */
    void drain() {
        takeAll();
        kicked.getAndSet(false);
    }

    private void takeAll() {
        int taken;
        do {
            taken = Threads.takePending(set);
        } while (taken > 0);
    }
}
