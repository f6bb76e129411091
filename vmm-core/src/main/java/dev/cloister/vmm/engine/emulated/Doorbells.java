package dev.cloister.vmm.engine.emulated;

import dev.cloister.linux.Errno;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.protocol.VmmCodec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The doorbell ports that are bound to eventfds: what KVM's ioeventfd does, for an engine without it. Any thread; ringing allocates
 * nothing. Once unbound, a descriptor is never written to again.
 */
final class Doorbells {
    private static final long SYS_WRITE = 1;
    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1);

    private final @Nullable Fd[] bells = new Fd[VmmCodec.MAX_CHANNELS];

    synchronized void bind(Fd event, int port) {
        bells[port - DirectoryLayout.DOORBELL_PORT] = event;
    }

    synchronized void unbind(Fd event, int port) {
        int index = port - DirectoryLayout.DOORBELL_PORT;
        if (bells[index] == event) {
            bells[index] = null;
        }
    }

    /**
     * A write to a port.
     *
     * @return whether it rang a bell; else the write is for the board
     */
    boolean ring(int port, int size) {
        int index = port - DirectoryLayout.DOORBELL_PORT;
        return size == Integer.BYTES && index >= 0 && index < bells.length && signal(index);
    }

    private synchronized boolean signal(int index) {
        Fd event = bells[index];
        if (event == null) {
            return false;
        }
        long result;
        do {
            result = Linux.syscall(SYS_WRITE, event.number(), ONE.address(), Long.BYTES, 0, 0, 0);
        } while (result == -Errno.EINTR);
        // A counter that is full stays so: its reader is signalled anyway.
        return true;
    }
}
