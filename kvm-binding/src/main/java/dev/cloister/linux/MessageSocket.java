package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One end of a connected {@code SOCK_SEQPACKET} socket: whole messages of 1 to {@value #MAX_BYTES} bytes, each with up to
 * {@value #MAX_FDS} descriptors (unix(7), {@code SCM_RIGHTS}). A message arrives whole or not at all: one that was truncated is an
 * error, and whatever descriptors came with it are closed. Sending and receiving may happen in two threads at the same time.
 */
public final class MessageSocket implements AutoCloseable {
    /** Most bytes in a message. */
    public static final int MAX_BYTES = 64 * 1024;
    /** Most descriptors with a message. */
    public static final int MAX_FDS = 32;

    private static final int AF_UNIX = 1;
    private static final int SOCK_SEQPACKET = 5;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_TRUNC = 0x20;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private final Fd fd;
    private final Arena arena = Arena.ofShared();
    private final Buffers outgoing = new Buffers(arena);
    private final Buffers incoming = new Buffers(arena);

    /** What a look at the socket found. */
    public sealed interface Received permits Message, PeerClosed, NothingYet {}

    /** The peer has closed its end and everything it sent has been received. */
    public record PeerClosed() implements Received {}

    /** No message came in the time given. */
    public record NothingYet() implements Received {}

    private static final PeerClosed PEER_CLOSED = new PeerClosed();
    private static final NothingYet NOTHING_YET = new NothingYet();

    /**
     * A received message. The receiver owns the descriptors.
     *
     * @param data the bytes
     * @param fds the descriptors, in the sender's order
     */
    @SuppressWarnings("ArrayRecordComponent") // the bytes are handed over, not shared; messages are not compared
    public record Message(byte[] data, List<Fd> fds) implements Received {
        /** Closes the descriptors that are still owned by this message. */
        public void closeFds() {
            fds.forEach(Fd::close);
        }
    }

    /**
     * Two connected ends.
     *
     * @param first one end
     * @param second the other end
     */
    public record Pair(MessageSocket first, MessageSocket second) implements AutoCloseable {
        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    private MessageSocket(Fd fd) {
        this.fd = fd;
    }

    /**
     * Creates two connected ends (socketpair(2)).
     *
     * @return both ends
     * @throws ErrnoException when the kernel refuses
     */
    public static Pair pair() throws ErrnoException {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment ends = scratch.allocate(ValueLayout.JAVA_INT, 2);
            Linux.check(
                    Linux.syscall(
                            Linux.SYS_SOCKETPAIR, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.address(), 0, 0),
                    "socketpair",
                    "AF_UNIX, SOCK_SEQPACKET");
            return new Pair(
                    adopt(Fd.own(ends.getAtIndex(ValueLayout.JAVA_INT, 0))),
                    adopt(Fd.own(ends.getAtIndex(ValueLayout.JAVA_INT, 1))));
        }
    }

    /**
     * Takes ownership of an end that was inherited or received.
     *
     * @param fd a connected {@code SOCK_SEQPACKET} socket
     * @return its owner
     */
    public static MessageSocket adopt(Fd fd) {
        return new MessageSocket(fd);
    }

    /**
     * The descriptor, which this object owns; for {@link Poller} and {@link Spawn}.
     *
     * @return the descriptor
     */
    public Fd fd() {
        return fd;
    }

    /**
     * Sends a message, waiting while the peer's queue is full. The descriptors stay owned by the caller, who may close them at once.
     *
     * @param data 1 to {@value #MAX_BYTES} bytes
     * @param fds at most {@value #MAX_FDS} descriptors
     * @throws ErrnoException {@code EPIPE} or {@code ECONNRESET} when the peer is gone
     */
    public void send(byte[] data, List<Fd> fds) throws ErrnoException {
        while (!send(data, fds, 0)) {
            Poller.await(fd, Poller.OUT, -1);
        }
    }

    /**
     * Sends a message without descriptors, waiting while the peer's queue is full.
     *
     * @param data 1 to {@value #MAX_BYTES} bytes
     * @throws ErrnoException {@code EPIPE} or {@code ECONNRESET} when the peer is gone
     */
    public void send(byte[] data) throws ErrnoException {
        send(data, List.of());
    }

    /**
     * Sends a message unless the peer's queue is full: for a sender that must not be held up by a peer that does not read.
     *
     * @param data 1 to {@value #MAX_BYTES} bytes
     * @param fds at most {@value #MAX_FDS} descriptors
     * @return false where the queue is full and nothing was sent
     * @throws ErrnoException {@code EPIPE} or {@code ECONNRESET} when the peer is gone
     */
    public boolean trySend(byte[] data, List<Fd> fds) throws ErrnoException {
        return send(data, fds, MSG_DONTWAIT);
    }

    private boolean send(byte[] data, List<Fd> fds, int flags) throws ErrnoException {
        if (data.length == 0 || data.length > MAX_BYTES) {
            // An empty message cannot be told from the end of the connection.
            throw new IllegalArgumentException("message of " + data.length + " bytes; 1 to " + MAX_BYTES + " allowed");
        }
        if (fds.size() > MAX_FDS) {
            throw new IllegalArgumentException(fds.size() + " descriptors; at most " + MAX_FDS + " allowed");
        }
        synchronized (outgoing) {
            outgoing.prepareSend(data, fds);
            long result;
            do {
                // A sandboxed sender has no sendmsg, so that no descriptor leaves it.
                result = fds.isEmpty()
                        ? Linux.syscall(
                                Linux.SYS_SENDTO,
                                fd.number(),
                                outgoing.data.address(),
                                data.length,
                                flags | MSG_NOSIGNAL,
                                0,
                                0)
                        : Linux.syscall(
                                Linux.SYS_SENDMSG,
                                fd.number(),
                                outgoing.header.address(),
                                flags | MSG_NOSIGNAL,
                                0,
                                0,
                                0);
            } while (result == -Errno.EINTR);
            if (result == -Errno.EAGAIN) {
                return false;
            }
            Linux.check(result, "sendmsg", fd.toString());
            return true;
        }
    }

    /**
     * Receives a message, waiting for it.
     *
     * @return the message; empty when the peer has closed its end
     * @throws ErrnoException {@code EMSGSIZE} for truncated data, {@code EOVERFLOW} for truncated descriptors (all that came are
     *     closed), {@code ECONNRESET} when the peer closed with messages unread
     */
    public Optional<Message> receive() throws ErrnoException {
        while (true) {
            switch (receive(0)) {
                case Message message -> {
                    return Optional.of(message);
                }
                case PeerClosed _ -> {
                    return Optional.empty();
                }
                case NothingYet _ -> Poller.await(fd, Poller.IN, -1);
            }
        }
    }

    /**
     * Receives a message if one comes within the given time.
     *
     * @param timeoutMillis milliseconds; 0 looks without waiting, negative waits without end
     * @return the message, or why there is none
     * @throws ErrnoException as {@link #receive()}
     */
    public Received receiveWithin(long timeoutMillis) throws ErrnoException {
        if (Poller.await(fd, Poller.IN, timeoutMillis) == 0) {
            return NOTHING_YET;
        }
        return receive(MSG_DONTWAIT);
    }

    private Received receive(int flags) throws ErrnoException {
        synchronized (incoming) {
            incoming.prepareReceive();
            long result;
            do {
                result = Linux.syscall(
                        Linux.SYS_RECVMSG, fd.number(), incoming.header.address(), flags | MSG_CMSG_CLOEXEC, 0, 0, 0);
                // ECONNRESET is told once, when the peer went with unread messages; what it had sent is still there to
                // be read.
            } while (result == -Errno.EINTR || result == -Errno.ECONNRESET);
            if (result == -Errno.EAGAIN) {
                return NOTHING_YET;
            }
            int length = (int) Linux.check(result, "recvmsg", fd.toString());
            List<Fd> fds = incoming.takeFds();
            rejectTruncated(incoming.flags(), fds);
            if (length == 0 && fds.isEmpty()) {
                return PEER_CLOSED;
            }
            byte[] data = incoming.data.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
            return new Message(data, List.copyOf(fds));
        }
    }

    private void rejectTruncated(int flags, List<Fd> fds) throws ErrnoException {
        if ((flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
            fds.forEach(Fd::close);
            boolean data = (flags & MSG_TRUNC) != 0;
            throw new ErrnoException(
                    "recvmsg",
                    fd.toString(),
                    data ? Errno.EMSGSIZE : Errno.EOVERFLOW,
                    data
                            ? "The peer sent more than " + MAX_BYTES + " bytes"
                            : "The peer sent more than " + MAX_FDS + " descriptors, or this process may open no more");
        }
    }

    /** Closes this end; the peer sees the end of the connection. Not while another thread sends or receives. */
    @Override
    public void close() {
        fd.close();
        synchronized (outgoing) {
            synchronized (incoming) {
                if (arena.scope().isAlive()) {
                    arena.close();
                }
            }
        }
    }

    /** The structures of one direction: {@code struct msghdr}, one {@code iovec}, the data, and one {@code SCM_RIGHTS} message. */
    private static final class Buffers {
        // bits/socket.h, x86-64: msghdr { name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48 }
        private static final int HEADER_SIZE = 56;
        private static final int IOV = 16;
        private static final int IOV_COUNT = 24;
        private static final int CONTROL = 32;
        private static final int CONTROL_LENGTH = 40;
        private static final int FLAGS = 48;
        // cmsghdr { u64 len 0; int level 8; int type 12; data 16 }
        private static final int CONTROL_HEADER = 16;
        private static final int SOL_SOCKET = 1;
        private static final int SCM_RIGHTS = 1;
        private static final int CONTROL_SIZE = CONTROL_HEADER + MAX_FDS * Integer.BYTES;

        private final MemorySegment header;
        private final MemorySegment vector;
        private final MemorySegment data;
        private final MemorySegment control;

        Buffers(Arena arena) {
            header = arena.allocate(HEADER_SIZE, 8);
            vector = arena.allocate(16, 8);
            data = arena.allocate(MAX_BYTES, 8);
            control = arena.allocate(CONTROL_SIZE, 8);
            header.set(ValueLayout.JAVA_LONG, IOV, vector.address());
            header.set(ValueLayout.JAVA_LONG, IOV_COUNT, 1);
            vector.set(ValueLayout.JAVA_LONG, 0, data.address());
        }

        void prepareSend(byte[] bytes, List<Fd> fds) {
            MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, 0, bytes.length);
            vector.set(ValueLayout.JAVA_LONG, 8, bytes.length);
            long length = CONTROL_HEADER + (long) fds.size() * Integer.BYTES;
            control.fill((byte) 0);
            control.set(ValueLayout.JAVA_LONG, 0, length);
            control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
            control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
            for (int i = 0; i < fds.size(); i++) {
                control.set(
                        ValueLayout.JAVA_INT,
                        CONTROL_HEADER + (long) i * Integer.BYTES,
                        fds.get(i).number());
            }
            setControl(fds.isEmpty() ? 0 : (length + 7) & -8);
        }

        void prepareReceive() {
            vector.set(ValueLayout.JAVA_LONG, 8, MAX_BYTES);
            control.fill((byte) 0);
            setControl(CONTROL_SIZE);
        }

        private void setControl(long length) {
            header.set(ValueLayout.JAVA_LONG, CONTROL, length == 0 ? 0 : control.address());
            header.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, length);
            header.set(ValueLayout.JAVA_INT, FLAGS, 0);
        }

        int flags() {
            return header.get(ValueLayout.JAVA_INT, FLAGS);
        }

        List<Fd> takeFds() {
            List<Fd> fds = new ArrayList<>();
            long end = header.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH);
            long offset = 0;
            while (offset + CONTROL_HEADER <= end) {
                long length = control.get(ValueLayout.JAVA_LONG, offset);
                if (length < CONTROL_HEADER || offset + length > end) {
                    break;
                }
                if (control.get(ValueLayout.JAVA_INT, offset + 8) == SOL_SOCKET
                        && control.get(ValueLayout.JAVA_INT, offset + 12) == SCM_RIGHTS) {
                    long bytes = length - CONTROL_HEADER;
                    int[] numbers =
                            control.asSlice(offset + CONTROL_HEADER, bytes & -4).toArray(ValueLayout.JAVA_INT);
                    Arrays.stream(numbers).mapToObj(Fd::own).forEach(fds::add);
                }
                offset += (length + 7) & -8;
            }
            return fds;
        }
    }
}
