package dev.cloister.vmm.ivshmem;

import dev.cloister.devices.Waiting;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Poller;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Turns signals of eventfds into calls, on a daemon thread of its own that waits for all of them at once: what KVM does in the kernel
 * for an engine that has it. Bind and unbind from any thread; when {@link #unbind} returns, no call of that eventfd is under way or
 * follows.
 */
public final class EventWatch implements SignalSource, AutoCloseable {
    private static final long SYS_READ = 0;

    private record Binding(Fd event, Runnable action, int slot) {}

    private final EventFd wake = EventFd.create();
    private final Poller poller = new Poller();
    private final MemorySegment count = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
    private final Deque<Runnable> changes = new ArrayDeque<>();
    private final List<Binding> bindings = new ArrayList<>();
    private final Thread thread;
    private boolean started;
    private boolean closed;

    /** Watches nothing; the thread begins with the first binding. */
    public EventWatch(String name) throws ErrnoException {
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
        poller.add(wake.fd(), Poller.IN);
    }

    /** Calls {@code action}, which must neither wait nor throw, once for signals that have come; also for those before this call. */
    @Override
    public void bind(Fd event, Runnable action) throws ErrnoException {
        change(() -> bindings.add(new Binding(event, action, poller.add(event, Poller.IN))));
    }

    /** Undoes {@link #bind}; the eventfd stays the caller's and must be open until this returns. */
    @Override
    public void unbind(Fd event) throws ErrnoException {
        change(() -> bindings.removeIf(binding -> {
            boolean found = binding.event() == event;
            if (found) {
                poller.remove(binding.slot());
            }
            return found;
        }));
    }

    /** Has the thread make a change, and waits until it has. */
    private synchronized void change(Runnable change) throws ErrnoException {
        if (closed) {
            return;
        }
        if (!started) {
            started = true;
            thread.start();
        }
        changes.add(change);
        wake.signal();
        Waiting.until(() -> !changes.contains(change) || !thread.isAlive(), this::wait);
    }

    private void loop() {
        try {
            while (applyChanges()) {
                poller.poll(-1);
                wake.drain();
                bindings.forEach(this::serve);
            }
        } catch (ErrnoException e) {
            System.err.println("cloister: interrupts of channels end: " + e.getMessage());
        } finally {
            synchronized (this) {
                closed = true;
                changes.clear();
                notifyAll();
            }
        }
    }

    private void serve(Binding binding) {
        if (poller.ready(binding.slot()) != 0 && take(binding.event())) {
            binding.action().run();
        }
    }

    /** Makes the changes that were asked for; false at the end. */
    private synchronized boolean applyChanges() {
        while (!changes.isEmpty()) {
            changes.peek().run();
            changes.remove();
        }
        notifyAll();
        return !closed;
    }

    /** Sets the counter to 0; whether it was not. */
    private boolean take(Fd event) {
        long result;
        do {
            result = Linux.syscall(SYS_READ, event.number(), count.address(), Long.BYTES, 0, 0, 0);
        } while (result == -Errno.EINTR);
        return result == Long.BYTES;
    }

    @Override
    public void close() {
        boolean runs;
        synchronized (this) {
            runs = started && thread.isAlive();
            closed = true;
            wake.ring();
        }
        if (runs) {
            Waiting.join(thread);
        }
        poller.close();
        wake.close();
    }
}
