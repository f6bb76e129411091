package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.net.NetPort;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.channel.WireFrame;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.vmm.channel.DeviceEnd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A wire behind a network device that the daemon hands over and takes away: sending and receiving are two flows, each with the end of
 * a pipe in packet mode that can do nothing else. The pipes lead to the daemon, which keeps the flows' limits and passes whole frames
 * on. They are bare: nothing that another domain says about a frame is believed, and nothing is offloaded. A direction without its
 * flow carries nothing; the link is up while either has one. Frames are sent by one thread and received by another, channels change
 * on a third.
 */
final class GrantedWire implements NetPort {
    private final String name;
    private final Sending sending = new Sending();
    private final Receiving receiving = new Receiving();
    private volatile Listener listener = NoListener.INSTANCE;

    /**
     * A wire without descriptors.
     *
     * @param name the other end's name in the policy
     */
    GrantedWire(String name) {
        this.name = name;
    }

    /** The end of the flow from the guest. */
    DeviceEnd sending() {
        return sending;
    }

    /** The end of the flow to the guest. */
    DeviceEnd receiving() {
        return receiving;
    }

    @Override
    public long offloads() {
        return 0;
    }

    @Override
    public void use(long offloads) {
        // There are none.
    }

    @Override
    public void start(Listener device) {
        listener = device;
    }

    @Override
    public boolean isUp() {
        return sending.isThere() || receiving.isThere();
    }

    @Override
    public boolean send(MemorySegment header, MemorySegment[] frame, int count) {
        return sending.send(frame, count);
    }

    @Override
    public int receive(MemorySegment header, MemorySegment[] into, int count) throws ErrnoException {
        int length = receiving.receive(into, count);
        if (length != NOTHING) {
            header.fill((byte) 0);
        }
        return length;
    }

    /** One direction. Its monitor is held while a frame is moved, so that whoever takes the descriptor away has waited for that. */
    private abstract class Side implements DeviceEnd {
        final MemorySegment whole = Arena.ofAuto().allocate(Pipe.MOST_PACKET, Long.BYTES);
        final AtomicLong moved = new AtomicLong();
        final AtomicLong refused = new AtomicLong();
        volatile @Nullable Fd pipe;

        boolean isThere() {
            return pipe != null;
        }

        @Override
        public void configure(ChannelConfig channel) {
            // Limits are kept where the frames pass from one pipe to the other.
        }

        @Override
        public void attach(List<Fd> fds) throws ErrnoException {
            boolean before = isUp();
            begin(fds.removeFirst());
            tell(before);
        }

        @Override
        public void sever() {
            boolean before = isUp();
            end();
            tell(before);
        }

        abstract void begin(Fd taken);

        abstract void end();

        final synchronized @Nullable Fd exchange(@Nullable Fd next) {
            Fd former = pipe;
            pipe = next;
            return former;
        }

        private void tell(boolean before) {
            if (before != isUp()) {
                listener.linkChanged();
            }
        }

        @Override
        public long units() {
            return moved.get();
        }

        @Override
        public long refused() {
            return refused.get();
        }
    }

    private final class Sending extends Side {
        synchronized boolean send(MemorySegment[] frame, int count) {
            Fd there = pipe;
            int sent = there == null ? 0 : write(there, count == 1 ? frame[0] : gather(frame, count));
            if (sent == 0) {
                refused.incrementAndGet();
                return false;
            }
            moved.addAndGet(sent);
            return true;
        }

        private static int write(Fd there, MemorySegment frame) {
            try {
                return frame.byteSize() > WireFrame.MOST ? 0 : Pipe.write(there, frame);
            } catch (ErrnoException e) {
                // EPIPE: the daemon has cut it, and says so soon.
                return 0;
            }
        }

        /** The frame in one piece; one that is too long stays so. */
        private MemorySegment gather(MemorySegment[] frame, int count) {
            long length = 0;
            for (int i = 0; i < count && length <= WireFrame.MOST; i++) {
                long part = Math.min(frame[i].byteSize(), whole.byteSize() - length);
                MemorySegment.copy(frame[i], 0, whole, length, part);
                length += part;
            }
            return whole.asSlice(0, length);
        }

        @Override
        void begin(Fd taken) {
            exchange(taken);
        }

        @Override
        void end() {
            Fd former = exchange(null);
            if (former != null) {
                former.close();
            }
        }
    }

    private final class Receiving extends Side {
        private @Nullable FrameWatcher watcher;

        synchronized int receive(MemorySegment[] into, int count) throws ErrnoException {
            Fd there = pipe;
            while (there != null) {
                int length = Pipe.read(there, whole);
                if (length <= 0) {
                    if (length == 0) {
                        arm();
                    }
                    // At its end it has been cut; the daemon says so soon.
                    return NOTHING;
                }
                if (length >= WireFrame.LEAST && scatter(length, into, count)) {
                    moved.addAndGet(length);
                    return length;
                }
                refused.incrementAndGet();
            }
            return NOTHING;
        }

        private void arm() {
            FrameWatcher each = watcher;
            if (each != null) {
                each.arm();
            }
        }

        private boolean scatter(int length, MemorySegment[] into, int count) {
            int done = 0;
            for (int i = 0; i < count && done < length; i++) {
                int part = (int) Math.min(into[i].byteSize(), length - done);
                MemorySegment.copy(whole, done, into[i], 0, part);
                done += part;
            }
            return done == length;
        }

        @Override
        void begin(Fd taken) {
            FrameWatcher made = new FrameWatcher("wire " + name, taken);
            synchronized (this) {
                exchange(taken);
                watcher = made;
            }
            made.start(() -> listener.readable(), () -> {});
            listener.readable();
        }

        @Override
        void end() {
            Fd former;
            FrameWatcher ended;
            synchronized (this) {
                former = exchange(null);
                ended = watcher;
                watcher = null;
            }
            if (ended != null) {
                ended.close();
            }
            if (former != null) {
                former.close();
            }
        }
    }
}
