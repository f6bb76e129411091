package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.net.NetFeatures;
import dev.cloister.devices.virtio.net.NetPort;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Tap;
import java.lang.foreign.MemorySegment;

/**
 * A tap of the host behind a network device. The host's kernel completes checksums and cuts segments where the guest left that to it,
 * and leaves them to the guest where that has agreed. Whoever holds it closes it, unless a machine was made with it: that does it then.
 */
public final class TapPort implements NetPort, AutoCloseable {
    private static final int EBADFD = 77;

    private final Tap tap;
    private final long offloads;
    private final FrameWatcher watcher;
    private volatile Listener listener = NoListener.INSTANCE;
    private volatile boolean up = true;
    private boolean toldDown;

    /**
     * A port.
     *
     * @param tap the tap, whose owner this becomes
     * @param offloads whether the guest may leave checksums and segments to the host, and the other way round
     */
    public TapPort(Tap tap, boolean offloads) {
        this.tap = tap;
        this.offloads = offloads ? NetFeatures.OFFLOADS : 0;
        this.watcher = new FrameWatcher("tap " + tap.name(), tap.fd());
    }

    @Override
    public long offloads() {
        return offloads;
    }

    @Override
    public void use(long features) throws ErrnoException {
        int bits = bit(features, NetFeatures.GUEST_CSUM, Tap.CSUM)
                | bit(features, NetFeatures.GUEST_TSO4, Tap.TSO4)
                | bit(features, NetFeatures.GUEST_TSO6, Tap.TSO6)
                | bit(features, NetFeatures.GUEST_ECN, Tap.TSO_ECN);
        tap.setOffloads(bits);
    }

    private static int bit(long features, long feature, int bit) {
        return (features & feature) == 0 ? 0 : bit;
    }

    @Override
    public void start(Listener device) {
        listener = device;
        watcher.start(device::readable, this::lost);
    }

    @Override
    public boolean isUp() {
        return up;
    }

    private void lost() {
        if (up) {
            up = false;
            listener.linkChanged();
        }
    }

    @Override
    public boolean send(MemorySegment header, MemorySegment[] frame, int count) throws ErrnoException {
        long result = tap.send(header, frame, count);
        if (result >= 0) {
            toldDown = false;
            return true;
        }
        int errno = (int) -result;
        if (errno == EBADFD || errno == Errno.ENODEV) {
            lost();
            throw new ErrnoException("writev", "tap " + tap.name(), errno, "Its interface is gone; so is the link");
        }
        if (errno == Errno.EIO && !toldDown) {
            toldDown = true;
            throw new ErrnoException(
                    "writev",
                    "tap " + tap.name(),
                    errno,
                    "The interface is down and what the guest sends is lost: ip link set " + tap.name() + " up");
        }
        return false;
    }

    @Override
    public int receive(MemorySegment header, MemorySegment[] into, int count) throws ErrnoException {
        long result = tap.receive(header, into, count);
        if (result >= HEADER_BYTES) {
            return (int) result - HEADER_BYTES;
        }
        int errno = result < 0 ? (int) -result : Errno.EIO;
        if (errno == Errno.EAGAIN) {
            watcher.arm();
            return NOTHING;
        }
        lost();
        throw new ErrnoException("readv", "tap " + tap.name(), errno, "Its interface is gone; so is the link");
    }

    /**
     * The descriptor on which a process in a sandbox must be allowed to read and write frames.
     *
     * @return its number
     */
    public int descriptor() {
        return tap.fd().number();
    }

    /** Ends the thread that waits for frames, and closes the tap. No frame is being sent or received any more. */
    @Override
    public void close() {
        watcher.close();
        tap.close();
    }
}
