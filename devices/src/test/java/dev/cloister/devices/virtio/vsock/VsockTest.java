package dev.cloister.devices.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest that follows the manual, one that doesn't, and hosts that are slow, absent or gone. */
class VsockTest {
    private static final long CID = 7;
    private static final int GUEST_PORT = 1000;
    private static final int HOST_PORT = 52;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment payload = arena.allocate(128 << 10);
    private final VsockPacket packet = new VsockPacket();
    private final List<VsockConnection> opening = new ArrayList<>();
    private final Vsock vsock = new Vsock(CID, (cid, port, connection) -> opening.add(connection));

    @AfterEach
    void close() {
        vsock.close();
        arena.close();
    }

    @Test
    void aRequestIsAnsweredWhenTheHostHasAnswered() {
        guest(VsockPacket.REQUEST, 0, 0);
        assertThat(vsock.next(packet, payload, 0, 4096)).isEqualTo(-1);
        vsock.opened(opening.getFirst(), new Pipe());
        expect(VsockPacket.RESPONSE);
        assertThat(packet.bufferBytes).isEqualTo(VsockConnection.BUFFER_BYTES);
        assertThat(packet.sourceCid).isEqualTo(VsockHost.HOST_CID);
        assertThat(packet.sourcePort).isEqualTo(HOST_PORT);
        assertThat(packet.targetPort).isEqualTo(GUEST_PORT);
    }

    @Test
    void aRefusedRequestIsReset() {
        guest(VsockPacket.REQUEST, 0, 0);
        vsock.refused(opening.getFirst());
        expect(VsockPacket.RST);
        assertThat(vsock.connections()).isZero();
        assertThat(vsock.next(packet, payload, 0, 4096)).isEqualTo(-1);
    }

    @Test
    void aGuestThatGivesUpWhileTheHostConnectsLeavesNothing() {
        guest(VsockPacket.REQUEST, 0, 0);
        guest(VsockPacket.RST, 0, 0);
        Pipe late = new Pipe();
        vsock.opened(opening.getFirst(), late);
        assertThat(late.closed).isTrue();
        assertThat(vsock.connections()).isZero();
        assertThat(vsock.hasOutput()).isFalse();
    }

    @Test
    void lateNewsOfAConnectionDoNotEndTheNextOneOfTheSamePorts() {
        guest(VsockPacket.REQUEST, 0, 0);
        VsockConnection first = opening.getFirst();
        vsock.opened(first, new Pipe());
        expect(VsockPacket.RESPONSE);
        guest(VsockPacket.RST, 0, 0);
        guest(VsockPacket.REQUEST, 0, 0);
        Pipe next = new Pipe();
        vsock.opened(opening.getLast(), next);
        vsock.broken(first);
        vsock.ready(first, true, true);
        assertThat(vsock.connections()).isEqualTo(1);
        expect(VsockPacket.RESPONSE);
        vsock.reset();
        assertThat(next.closed).isTrue();
    }

    @Test
    void theHostConnectsAndIsToldThePort() {
        Pipe pipe = new Pipe();
        VsockConnection connection = vsock.connect(VsockHost.HOST_CID, GUEST_PORT, pipe);
        assertThat(connection).isNotNull();
        expect(VsockPacket.REQUEST);
        int hostPort = packet.sourcePort;
        fromGuest(hostPort, VsockPacket.RESPONSE, 0, 0, 4096);
        assertThat(pipe.hostPort).isEqualTo(hostPort);
        pipe.toRead = 10;
        vsock.ready(connection, true, false);
        assertThat(vsock.next(packet, payload, 0, 4096)).isEqualTo(10);
    }

    @Test
    void aGuestThatRefusesTheHostClosesItsEnd() {
        Pipe pipe = new Pipe();
        vsock.connect(VsockHost.HOST_CID, GUEST_PORT, pipe);
        expect(VsockPacket.REQUEST);
        fromGuest(packet.sourcePort, VsockPacket.RST, 0, 0, 0);
        assertThat(pipe.closed).isTrue();
        assertThat(vsock.connections()).isZero();
    }

    @Test
    void bytesForNoConnectionAreResetAndResetsAreNot() {
        guest(VsockPacket.RW, 0, 10);
        guest(VsockPacket.RST, 0, 0);
        expect(VsockPacket.RST);
        assertThat(packet.sourcePort).isEqualTo(HOST_PORT);
        assertThat(vsock.hasOutput()).isFalse();
    }

    @Test
    void aFloodOfStraysStopsTheIntakeInsteadOfTakingMemory() {
        for (int i = 0; i < StrayResets.CAPACITY; i++) {
            assertThat(vsock.mayTake()).isTrue();
            fromGuest(i, VsockPacket.RW, 0, 0, 0);
        }
        assertThat(vsock.mayTake()).isFalse();
        for (int i = 0; i < StrayResets.CAPACITY; i++) {
            expect(VsockPacket.RST);
            assertThat(packet.sourcePort).isEqualTo(i);
        }
        assertThat(vsock.mayTake()).isTrue();
    }

    @Test
    void aPacketInAnothersNameIsDropped() {
        packet.sourceCid = CID + 1;
        packet.targetCid = VsockHost.HOST_CID;
        packet.type = VsockPacket.STREAM;
        packet.operation = VsockPacket.REQUEST;
        packet.length = 0;
        vsock.take(packet, payload, 0, 0);
        assertThat(opening).isEmpty();
        assertThat(vsock.hasOutput()).isFalse();
    }

    @Test
    void moreThanTheCreditEndsTheConnection() {
        Pipe pipe = connected();
        pipe.room = 0;
        guest(VsockPacket.RW, 0, VsockConnection.BUFFER_BYTES);
        assertThat(pipe.closed).isFalse();
        guest(VsockPacket.RW, 0, 1);
        assertThat(pipe.closed).isTrue();
        expect(VsockPacket.RST);
        assertThat(vsock.connections()).isZero();
    }

    @Test
    void thereIsAnEndToConnections() {
        for (int i = 0; i < Vsock.MAX_CONNECTIONS; i++) {
            fromGuest(i, VsockPacket.REQUEST, 0, 0, 0);
        }
        assertThat(opening).hasSize(Vsock.MAX_CONNECTIONS);
        fromGuest(Vsock.MAX_CONNECTIONS, VsockPacket.REQUEST, 0, 0, 0);
        assertThat(opening).hasSize(Vsock.MAX_CONNECTIONS);
        expect(VsockPacket.RST);
        assertThat(vsock.connect(VsockHost.HOST_CID, 1, new Pipe())).isNull();
    }

    @Test
    void theEndOfTheHostsBytesIsNotTheEndOfTheGuests() {
        Pipe pipe = connected();
        pipe.ends = true;
        vsock.ready(opening.getFirst(), true, false);
        expect(VsockPacket.SHUTDOWN);
        assertThat(packet.flags).isEqualTo(VsockPacket.NO_SEND);
        guest(VsockPacket.RW, 0, 5);
        assertThat(pipe.written).isEqualTo(5);
        guest(VsockPacket.SHUTDOWN, VsockPacket.NO_SEND, 0);
        expect(VsockPacket.RST);
        assertThat(pipe.closed).isTrue();
    }

    @Test
    void theEndOfTheGuestsBytesWaitsUntilTheHostHasReadThem() {
        Pipe pipe = connected();
        pipe.room = 3;
        guest(VsockPacket.RW, 0, 5);
        guest(VsockPacket.SHUTDOWN, VsockPacket.NO_SEND, 0);
        assertThat(pipe.outputEnded).isFalse();
        pipe.room = 10;
        vsock.ready(opening.getFirst(), false, true);
        assertThat(pipe.written).isEqualTo(5);
        assertThat(pipe.outputEnded).isTrue();
        assertThat(pipe.closed).isFalse();
    }

    @Test
    void withoutCreditTheGuestIsAskedOnce() {
        Pipe pipe = connected();
        pipe.toRead = 1 << 20;
        fromGuest(HOST_PORT, VsockPacket.CREDIT_UPDATE, 0, 0, 0);
        vsock.ready(opening.getFirst(), true, false);
        expect(VsockPacket.CREDIT_REQUEST);
        assertThat(vsock.next(packet, payload, 0, 4096)).isEqualTo(-1);
        fromGuest(HOST_PORT, VsockPacket.CREDIT_UPDATE, 0, 0, 100);
        assertThat(vsock.next(packet, payload, 0, 4096)).isEqualTo(100);
    }

    @Test
    void countersThatMakeNoSenseGiveNoCredit() {
        Pipe pipe = connected();
        pipe.toRead = 100;
        packet.forwarded = 1;
        send(HOST_PORT, VsockPacket.CREDIT_UPDATE, 0, 0, 4096);
        vsock.ready(opening.getFirst(), true, false);
        expect(VsockPacket.CREDIT_REQUEST);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void bytesArriveWholeAndInOrderBothWays(long seed) {
        Random random = new Random(seed);
        Pipe pipe = connected();
        long sent = 0;
        long got = 0;
        int told = 0;
        int buffer = 1 + random.nextInt(8192);
        for (int step = 0; step < 5000; step++) {
            switch (random.nextInt(4)) {
                case 0 -> {
                    int most = (int) Math.min(4096, VsockConnection.BUFFER_BYTES - (sent - told));
                    int length = most <= 0 ? 0 : random.nextInt(most + 1);
                    pattern(sent, length);
                    packet.forwarded = (int) got;
                    send(HOST_PORT, VsockPacket.RW, 0, length, buffer);
                    sent += length;
                }
                case 1 -> {
                    pipe.room = random.nextInt(6000);
                    vsock.ready(opening.getFirst(), false, true);
                }
                case 2 -> {
                    pipe.toRead = random.nextInt(6000);
                    vsock.ready(opening.getFirst(), true, false);
                }
                default -> {
                    int bytes = vsock.next(packet, payload, 0, 1 + random.nextInt(4096));
                    if (bytes >= 0) {
                        told = packet.forwarded;
                        assertThat(bytes).as("seed %d step %d", seed, step).isLessThanOrEqualTo(buffer);
                        checkPattern(got, bytes, seed);
                        got += bytes;
                        packet.forwarded = (int) got;
                        send(HOST_PORT, VsockPacket.CREDIT_UPDATE, 0, 0, buffer);
                    }
                }
            }
            assertThat(pipe.closed).as("seed %d step %d", seed, step).isFalse();
        }
        pipe.room = Integer.MAX_VALUE;
        vsock.ready(opening.getFirst(), false, true);
        assertThat(pipe.written).as("seed %d", seed).isEqualTo(sent);
        assertThat(pipe.wrong).as("seed %d", seed).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void noGuestHoldsMoreThanItsShareOrThrows(long seed) {
        Random random = new Random(seed);
        for (int step = 0; step < 20_000; step++) {
            if (vsock.mayTake() && random.nextInt(3) != 0) {
                packet.sourceCid = random.nextInt(10) == 0 ? random.nextLong() : CID;
                packet.targetCid = random.nextInt(4);
                packet.sourcePort = random.nextInt(40);
                packet.targetPort = random.nextInt(40);
                packet.type = random.nextInt(8) == 0 ? random.nextInt(4) : VsockPacket.STREAM;
                packet.operation = random.nextInt(10);
                packet.flags = random.nextInt(5);
                packet.bufferBytes = random.nextInt();
                packet.forwarded = random.nextInt();
                int length = packet.operation == VsockPacket.RW ? random.nextInt(70_000) : 0;
                packet.length = length;
                vsock.take(packet, payload, 0, length);
            }
            if (!opening.isEmpty() && random.nextInt(3) == 0) {
                VsockConnection connection = opening.removeFirst();
                switch (random.nextInt(3)) {
                    case 0 -> vsock.refused(connection);
                    case 1 -> vsock.broken(connection);
                    default -> vsock.opened(connection, new Pipe());
                }
            }
            if (random.nextInt(3) == 0) {
                int bytes = vsock.next(packet, payload, 0, random.nextInt(4096));
                assertThat(bytes).as("seed %d", seed).isBetween(-1, 4096);
            }
            assertThat(vsock.connections()).as("seed %d", seed).isLessThanOrEqualTo(Vsock.MAX_CONNECTIONS);
        }
        vsock.reset();
        assertThat(vsock.connections()).isZero();
        assertThat(vsock.hasOutput()).isFalse();
    }

    private Pipe connected() {
        guest(VsockPacket.REQUEST, 0, 0);
        Pipe pipe = new Pipe();
        vsock.opened(opening.getFirst(), pipe);
        expect(VsockPacket.RESPONSE);
        while (vsock.next(packet, payload, 0, 4096) >= 0) {
            // Nothing is to be read yet.
        }
        return pipe;
    }

    private void guest(int operation, int flags, int length) {
        fromGuest(HOST_PORT, operation, flags, length, 256 << 10);
    }

    private void fromGuest(int hostPort, int operation, int flags, int length, int buffer) {
        packet.forwarded = 0;
        send(hostPort, operation, flags, length, buffer);
    }

    private void send(int hostPort, int operation, int flags, int length, int buffer) {
        packet.sourceCid = CID;
        packet.targetCid = VsockHost.HOST_CID;
        packet.sourcePort = GUEST_PORT;
        packet.targetPort = hostPort;
        packet.type = VsockPacket.STREAM;
        packet.operation = operation;
        packet.flags = flags;
        packet.length = length;
        packet.bufferBytes = buffer;
        MemorySegment bytes = arena.allocate(VsockPacket.HEADER_BYTES);
        packet.write(bytes, 0);
        VsockPacket read = new VsockPacket();
        read.read(bytes, 0);
        vsock.take(read, payload, 0, length);
    }

    private void expect(int operation) {
        assertThat(vsock.next(packet, payload, 0, 4096)).isZero();
        assertThat(packet.operation).isEqualTo(operation);
        assertThat(packet.targetCid).isEqualTo(CID);
    }

    private void pattern(long position, int length) {
        for (int i = 0; i < length; i++) {
            payload.set(ValueLayout.JAVA_BYTE, i, value(position + i));
        }
    }

    private void checkPattern(long position, int length, long seed) {
        for (int i = 0; i < length; i++) {
            assertThat(payload.get(ValueLayout.JAVA_BYTE, i))
                    .as("seed %d byte %d", seed, position + i)
                    .isEqualTo(value(position + i));
        }
    }

    private static byte value(long position) {
        return (byte) (position * 31 + (position >> 8));
    }

    /** A host's end with as much room, and as many bytes, as the test says. */
    private static final class Pipe implements HostStream {
        private int room = Integer.MAX_VALUE;
        private int toRead;
        private boolean ends;
        private long read;
        private long written;
        private boolean wrong;
        private boolean closed;
        private boolean outputEnded;
        private int hostPort;

        @Override
        public void established(int port) {
            hostPort = port;
        }

        @Override
        public int read(MemorySegment target, long offset, int length) throws IOException {
            if (closed) {
                throw new IOException("read after close");
            }
            if (toRead == 0) {
                return ends ? END : 0;
            }
            int bytes = Math.min(length, toRead);
            for (int i = 0; i < bytes; i++) {
                target.set(ValueLayout.JAVA_BYTE, offset + i, value(read + i));
            }
            toRead -= bytes;
            read += bytes;
            return bytes;
        }

        @Override
        public int write(MemorySegment source, long offset, int length) throws IOException {
            if (closed || outputEnded) {
                throw new IOException("write after the end");
            }
            int bytes = Math.min(length, room);
            for (int i = 0; i < bytes; i++) {
                wrong |= source.get(ValueLayout.JAVA_BYTE, offset + i) != value(written + i);
            }
            room -= bytes;
            written += bytes;
            return bytes;
        }

        @Override
        public void await(boolean readable, boolean writable) {
            // The test decides when what is ready.
        }

        @Override
        public void endOutput() {
            outputEnded = true;
        }

        @Override
        public void close() {
            assertThat(closed).isFalse();
            closed = true;
        }
    }
}
