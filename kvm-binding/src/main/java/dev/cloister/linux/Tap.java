package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;

/**
 * A tap: a network interface of the host whose wire is this descriptor (Linux Documentation/networking/tuntap.rst). Each frame has a
 * header in front of it (struct virtio_net_hdr_v1, 12 bytes, little-endian), in both directions. One thread may send while another
 * receives; neither waits, and neither allocates. Owns its descriptor.
 */
public final class Tap implements AutoCloseable {
    /** Bytes of the header in front of each frame. */
    public static final int HEADER_BYTES = 12;

    /** The most pieces of a frame, besides its header. */
    public static final int MAX_PIECES = 1000;

    /** {@link #setOffloads}: frames whose checksum isn't complete. */
    public static final int CSUM = 1;
    /** {@link #setOffloads}: TCP segments over IPv4 that are still to be cut. */
    public static final int TSO4 = 2;
    /** {@link #setOffloads}: the same over IPv6. */
    public static final int TSO6 = 4;
    /** {@link #setOffloads}: the same with congestion notification. */
    public static final int TSO_ECN = 8;

    private static final String DEVICE = "/dev/net/tun";
    private static final long SYS_READV = 19;
    private static final long SYS_WRITEV = 20;

    // linux/if_tun.h
    private static final long TUNSETIFF = 0x400454ca;
    private static final long TUNGETIFF = 0x800454d2;
    private static final long TUNSETOFFLOAD = 0x400454d0;
    private static final long TUNSETVNETHDRSZ = 0x400454d8;
    private static final int IFF_TAP = 0x2;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;

    // struct ifreq { char name[16]; short flags; … }
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_FLAGS = 16;
    private static final int LONGEST_NAME = 15;
    /** More frames than an interface's queue holds, which are 1000 unless the host's owner says otherwise. */
    private static final int MOST_WAITING = 2000;

    private final Fd fd;
    private final String name;
    private final FrameVectors incoming = new FrameVectors(MAX_PIECES + 1);
    private final FrameVectors outgoing = new FrameVectors(MAX_PIECES + 1);

    private Tap(Fd fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /**
     * Opens a tap that is there already, for one queue.
     *
     * @param name the interface's name in this process's network namespace
     * @return its owner
     * @throws ErrnoException if there is none, if it belongs to another user ({@code EPERM}), or somebody has opened it
     *     ({@code EBUSY}); the message says what to do
     * @throws IllegalArgumentException if it can't be an interface's name
     */
    public static Tap open(String name) throws ErrnoException {
        return open(name, IFF_VNET_HDR);
    }

    /**
     * As {@link #open}, for frames without headers: whoever has the descriptor reads and writes them one at a time, and the host's kernel
     * gives finished frames only. Neither {@link #receive} nor {@link #send} can be used then.
     *
     * @param name the interface's name in this process's network namespace
     * @return its owner
     * @throws ErrnoException as there
     * @throws IllegalArgumentException if it can't be an interface's name
     */
    public static Tap openBare(String name) throws ErrnoException {
        return open(name, 0);
    }

    private static Tap open(String name, int headers) throws ErrnoException {
        requireName(name);
        requireInterface(name);
        Fd fd = Linux.open(DEVICE, Linux.O_RDWR | Linux.O_NONBLOCK);
        Tap tap = new Tap(fd, name);
        boolean done = false;
        try {
            tap.attach(headers);
            if (headers == 0) {
                tap.setOffloads(0);
            } else {
                tap.configure();
            }
            done = true;
            return tap;
        } finally {
            if (!done) {
                fd.close();
            }
        }
    }

    /**
     * Takes over a descriptor that belongs to a tap already, whoever opened it: with headers, without packet information.
     *
     * @param fd the descriptor, owned by the result from here on, also when this fails
     * @param name what it is called in messages
     * @return its owner
     * @throws ErrnoException if it isn't such a descriptor
     */
    public static Tap adopt(Fd fd, String name) throws ErrnoException {
        boolean done = false;
        try {
            Tap tap = new Tap(fd, name);
            fd.setNonBlocking(true);
            tap.configure();
            done = true;
            return tap;
        } finally {
            if (!done) {
                fd.close();
            }
        }
    }

    /**
     * Whether a text can be the name of an interface, as far as Linux and its tools agree on that.
     *
     * @param name the text
     * @return false for an empty or long one, and for one with signs that mean something elsewhere
     */
    public static boolean isName(String name) {
        return name.matches("[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}");
    }

    private static void requireName(String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException("'" + name + "' can't be the name of a tap; expected 1 to "
                    + LONGEST_NAME + " letters, digits, dots, hyphens or underscores");
        }
    }

    /** TUNSETIFF would make a missing interface, without address and not up: of no use to anyone. */
    private static void requireInterface(String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            long index = Linux.function(
                    Linux.symbol("if_nametoindex"), arena.allocateFrom(name).address(), 0, 0);
            if (index <= 0) {
                throw new ErrnoException(
                        "if_nametoindex",
                        "tap " + name,
                        Errno.ENODEV,
                        "Make it first: ip tuntap add dev " + name + " mode tap user $USER; ip link set " + name
                                + " up");
            }
        }
    }

    private void attach(int headers) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, Long.BYTES);
            byte[] text = name.getBytes(StandardCharsets.US_ASCII);
            MemorySegment.copy(text, 0, request, ValueLayout.JAVA_BYTE, 0, text.length);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_FLAGS, (short) (IFF_TAP | IFF_NO_PI | headers));
            long result = Linux.ioctl(fd.number(), TUNSETIFF, request);
            if (result < 0) {
                throw new ErrnoException("ioctl TUNSETIFF", "tap " + name, (int) -result, advice((int) -result));
            }
        }
    }

    private String advice(int errno) {
        return switch (errno) {
            case Errno.EBUSY -> "Another process uses it; end that, or make a tap for each guest";
            case Errno.EPERM ->
                "It belongs to another user, and this one has no CAP_NET_ADMIN: ip tuntap del dev " + name
                        + " mode tap; ip tuntap add dev " + name + " mode tap user $USER";
            case Errno.EINVAL -> "It is no tap, or has several queues (multi_queue); make one without";
            default -> "Is it a tap of ip tuntap?";
        };
    }

    /** Whatever a former user has set stays with the interface. */
    private void configure() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, HEADER_BYTES);
            Linux.check(Linux.ioctl(fd.number(), TUNSETVNETHDRSZ, size), "ioctl TUNSETVNETHDRSZ", "tap " + name);
        }
        setOffloads(0);
    }

    /**
     * Says which frames that aren't finished may be received; nothing else keeps the host from giving them.
     *
     * @param offloads bits of this class
     * @throws ErrnoException if the kernel doesn't know them
     */
    public void setOffloads(int offloads) throws ErrnoException {
        Linux.check(Linux.ioctl(fd.number(), TUNSETOFFLOAD, offloads), "ioctl TUNSETOFFLOAD", "tap " + name);
    }

    /**
     * Whether the interface is still there.
     *
     * @return false for good once it has been removed
     */
    public boolean isAttached() {
        try (Arena arena = Arena.ofConfined()) {
            return Linux.ioctl(fd.number(), TUNGETIFF, arena.allocate(IFREQ_BYTES, Long.BYTES)) >= 0;
        }
    }

    /**
     * Takes the frames that wait and forgets them.
     *
     * @throws ErrnoException if the interface is gone
     */
    public void discardWaiting() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rest = arena.allocate(Pipe.MOST_PACKET);
            // What comes meanwhile may come faster than it is taken.
            for (int i = 0; i < MOST_WAITING; i++) {
                if (Pipe.read(fd, rest) <= 0) {
                    return;
                }
            }
        }
    }

    /**
     * The descriptor, which this object owns; for {@link Poller}.
     *
     * @return the descriptor
     */
    public Fd fd() {
        return fd;
    }

    /**
     * What it is called.
     *
     * @return the interface's name
     */
    public String name() {
        return name;
    }

    /**
     * Takes the next frame that the host has sent; what doesn't fit is lost.
     *
     * @param header receives its header
     * @param into native memory to fill, in order; kept alive by the caller
     * @param count how many pieces, at most {@link #MAX_PIECES}
     * @return bytes, those of the header included; or the negative errno, {@code EAGAIN} where there is none
     */
    public long receive(MemorySegment header, MemorySegment[] into, int count) {
        return transfer(SYS_READV, incoming, header, into, count);
    }

    /**
     * Sends a frame to the host.
     *
     * @param header its header
     * @param frame native memory, in order; kept alive by the caller
     * @param count how many pieces, at most {@link #MAX_PIECES}
     * @return bytes; or the negative errno: {@code EINVAL} for a header that doesn't fit its frame, {@code EIO} where the interface is
     *     down
     */
    public long send(MemorySegment header, MemorySegment[] frame, int count) {
        return transfer(SYS_WRITEV, outgoing, header, frame, count);
    }

    private long transfer(long call, FrameVectors vectors, MemorySegment header, MemorySegment[] pieces, int count) {
        vectors.set(0, header.asSlice(0, HEADER_BYTES));
        vectors.set(1, pieces, count);
        try {
            long result;
            do {
                result = Linux.syscall(call, fd.number(), vectors.address(), count + 1, 0, 0, 0);
            } while (result == -Errno.EINTR);
            return result;
        } finally {
            Reference.reachabilityFence(pieces);
            Reference.reachabilityFence(header);
            Reference.reachabilityFence(vectors);
        }
    }

    /** Closes it; the interface stays if it was made to. */
    @Override
    public void close() {
        fd.close();
    }
}
