package dev.cloister.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.linux.MessageSocket.Message;
import dev.cloister.linux.MessageSocket.NothingYet;
import dev.cloister.linux.MessageSocket.PeerClosed;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessageSocketTest {
    @Test
    void aMessageCarriesBytesAndDescriptorsThatMeanTheSameFiles() throws Exception {
        try (MessageSocket.Pair pair = MessageSocket.pair();
                EventFd event = EventFd.create();
                Memfd memory = Memfd.create("test", 4096)) {
            pair.first().send(new byte[] {1, 2, 3}, List.of(event.fd(), memory.fd()));
            Message message = pair.second().receive().orElseThrow();
            try {
                assertThat(message.data()).containsExactly(1, 2, 3);
                assertThat(message.fds()).hasSize(2);
                EventFd received = EventFd.adopt(message.fds().getFirst());
                received.signal();
                assertThat(event.drain()).isEqualTo(1);
                assertThat(Memfd.seals(message.fds().getLast())).isZero();
                assertThat(received.fd().fcntl(1, 0, "F_GETFD"))
                        .as("close-on-exec")
                        .isEqualTo(1);
            } finally {
                message.closeFds();
            }
        }
    }

    @Test
    void messagesKeepTheirBoundariesUpToTheLimits() throws Exception {
        try (MessageSocket.Pair pair = MessageSocket.pair();
                EventFd event = EventFd.create()) {
            byte[] large = new byte[MessageSocket.MAX_BYTES];
            large[large.length - 1] = 9;
            pair.first().send(new byte[] {1});
            pair.first().send(large, Collections.nCopies(MessageSocket.MAX_FDS, event.fd()));
            assertThat(pair.second().receive().orElseThrow().data()).containsExactly(1);
            Message message = pair.second().receive().orElseThrow();
            assertThat(message.data()).isEqualTo(large);
            assertThat(message.fds()).hasSize(MessageSocket.MAX_FDS);
            message.closeFds();
        }
    }

    @Test
    void whatIsOutsideTheLimitsIsNotSent() throws Exception {
        try (MessageSocket.Pair pair = MessageSocket.pair();
                EventFd event = EventFd.create()) {
            MessageSocket end = pair.first();
            assertThatIllegalArgumentException().isThrownBy(() -> end.send(new byte[0]));
            assertThatIllegalArgumentException().isThrownBy(() -> end.send(new byte[MessageSocket.MAX_BYTES + 1]));
            List<Fd> many = Collections.nCopies(MessageSocket.MAX_FDS + 1, event.fd());
            assertThatIllegalArgumentException().isThrownBy(() -> end.send(new byte[1], many));
            assertThat(pair.second().receiveWithin(0)).isInstanceOf(NothingYet.class);
        }
    }

    @Test
    void aPeerThatClosesIsSeen() throws Exception {
        try (MessageSocket.Pair pair = MessageSocket.pair()) {
            pair.first().send(new byte[] {5});
            pair.first().close();
            assertThat(pair.second().receiveWithin(1000)).isInstanceOf(Message.class);
            assertThat(pair.second().receiveWithin(1000)).isInstanceOf(PeerClosed.class);
            assertThat(pair.second().receive()).isEmpty();
            assertThatThrownBy(() -> pair.second().send(new byte[] {1})).hasMessageContaining("EPIPE");
        }
    }

    @Test
    void aFullQueueDoesNotHoldTheSenderUp() throws Exception {
        try (MessageSocket.Pair pair = MessageSocket.pair()) {
            int sent = 0;
            while (pair.first().trySend(new byte[1024], List.of())) {
                sent++;
                assertThat(sent).isLessThan(100_000);
            }
            assertThat(sent).isPositive();
            assertThat(pair.second().receive()).isPresent();
        }
    }

    @Test
    void truncatedDescriptorsAreAnErrorAndNoneStaysOpen() throws Exception {
        assertThat(Descriptors.leakedBy(() -> {
                    try (MessageSocket.Pair pair = MessageSocket.pair();
                            EventFd event = EventFd.create()) {
                        sendRaw(pair.first().fd(), event.fd(), MessageSocket.MAX_FDS + 8);
                        assertThatThrownBy(() -> pair.second().receive())
                                .isInstanceOfSatisfying(
                                        ErrnoException.class,
                                        e -> assertThat(e.errno()).isEqualTo(Errno.EOVERFLOW));
                        // The connection itself is whole.
                        pair.first().send(new byte[] {7});
                        assertThat(pair.second().receive().orElseThrow().data()).containsExactly(7);
                    }
                }))
                .isZero();
    }

    @Test
    void truncatedDataIsAnErrorAndItsDescriptorsAreClosed() throws Exception {
        assertThat(Descriptors.leakedBy(() -> {
                    try (MessageSocket.Pair pair = MessageSocket.pair();
                            Arena arena = Arena.ofConfined()) {
                        MemorySegment large = arena.allocate(MessageSocket.MAX_BYTES + 1);
                        assertThat(Pipe.write(pair.first().fd(), large)).isEqualTo(MessageSocket.MAX_BYTES + 1);
                        assertThatThrownBy(() -> pair.second().receive())
                                .isInstanceOfSatisfying(
                                        ErrnoException.class,
                                        e -> assertThat(e.errno()).isEqualTo(Errno.EMSGSIZE));
                    }
                }))
                .isZero();
    }

    /** What a hostile peer would send: one byte with more descriptors than we allow. */
    private static void sendRaw(Fd socket, Fd passed, int count) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(1);
            MemorySegment vector = arena.allocateFrom(ValueLayout.JAVA_LONG, data.address(), 1);
            long length = 16 + 4L * count;
            MemorySegment control = arena.allocate((length + 7) & -8, 8);
            control.set(ValueLayout.JAVA_LONG, 0, length);
            control.set(ValueLayout.JAVA_INT, 8, 1);
            control.set(ValueLayout.JAVA_INT, 12, 1);
            for (int i = 0; i < count; i++) {
                control.set(ValueLayout.JAVA_INT, 16 + 4L * i, passed.number());
            }
            MemorySegment header = arena.allocateFrom(
                    ValueLayout.JAVA_LONG, 0, 0, vector.address(), 1, control.address(), control.byteSize(), 0);
            long result = Linux.syscall(Linux.SYS_SENDMSG, socket.number(), header.address(), 0, 0, 0, 0);
            assertThat(Linux.check(result, "sendmsg", "")).isEqualTo(1);
        }
    }
}
