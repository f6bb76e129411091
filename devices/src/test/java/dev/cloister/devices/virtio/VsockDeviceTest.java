package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.virtio.vsock.HostStream;
import dev.cloister.devices.virtio.vsock.VsockConnection;
import dev.cloister.devices.virtio.vsock.VsockDevice;
import dev.cloister.devices.virtio.vsock.VsockHost;
import dev.cloister.devices.virtio.vsock.VsockPacket;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The socket device's queues without threads: whatever a driver says, a service ends. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VsockDeviceTest {
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final long CID = 5;
    private static final int PORT = 52;
    private static final int GUEST_PORT = 1000;

    private final QueueMemory m = new QueueMemory();
    private final QueueDriver[] queues = {new QueueDriver(m, 0), new QueueDriver(m, 1)};
    private final Deque<VsockConnection> asked = new ArrayDeque<>();
    private final VsockDevice device = new VsockDevice(CID, (_, _, connection) -> asked.add(connection));
    private final TestHost host = new TestHost();
    private final TreeSet<Integer> rung = host.rung();
    private final Line line = new Line();

    VsockDeviceTest() {
        device.activate(Features.VERSION_1, host);
    }

    @AfterEach
    void close() {
        device.close();
        m.close();
        assertThat(host.notes()).isEmpty();
    }

    /** A host's end that talks when it is told to. */
    private static final class Line implements HostStream {
        private String says = "";
        private boolean closed;
        private boolean ended;

        @Override
        public void established(int hostPort) {
            // Nobody to tell.
        }

        @Override
        public int read(MemorySegment target, long offset, int length) {
            int count = Math.min(length, says.length());
            byte[] bytes = says.substring(0, count).getBytes(StandardCharsets.US_ASCII);
            MemorySegment.copy(MemorySegment.ofArray(bytes), 0, target, offset, count);
            says = says.substring(count);
            return count;
        }

        @Override
        public int write(MemorySegment source, long offset, int length) {
            return length;
        }

        @Override
        public void await(boolean readable, boolean writable) {
            // The test says when.
        }

        @Override
        public void endOutput() {
            ended = true;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private void serve(int first) {
        rung.add(first);
        while (!rung.isEmpty()) {
            int number = rung.pollFirst();
            device.notified(number, queues[number].queue);
        }
    }

    private void send(int operation, int flags) {
        ByteBuffer header = ByteBuffer.allocate(VsockPacket.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(CID).putLong(VsockHost.HOST_CID).putInt(GUEST_PORT).putInt(PORT);
        header.putInt(0).putShort((short) VsockPacket.STREAM).putShort((short) operation);
        header.putInt(flags).putInt(4096).putInt(0);
        queues[TRANSMIT].send(new String(header.array(), StandardCharsets.ISO_8859_1));
        serve(TRANSMIT);
    }

    private List<Integer> operations() {
        List<Integer> all = new ArrayList<>();
        for (String each = queues[RECEIVE].next(); each != null; each = queues[RECEIVE].next()) {
            all.add((int) each.charAt(30));
        }
        return all;
    }

    @Test
    void creditThatIsAskedForBeforeThereIsAConnectionComesWithIt() {
        queues[RECEIVE].receive(0x100);
        send(VsockPacket.REQUEST, 0);
        send(VsockPacket.CREDIT_REQUEST, 0);
        assertThat(operations()).isEmpty();
        device.run(vsock -> vsock.opened(asked.remove(), line));
        serve(RECEIVE);
        assertThat(operations()).containsExactly(VsockPacket.RESPONSE);
    }

    @Test
    void aBufferWithoutRoomForPayloadStopsTheQueue() {
        queues[RECEIVE].receive(VsockPacket.HEADER_BYTES);
        send(VsockPacket.REQUEST, 0);
        line.says = "something";
        VsockConnection connection = asked.remove();
        assertThatThrownBy(() -> {
                    device.run(vsock -> vsock.opened(connection, line));
                    serve(RECEIVE);
                    queues[RECEIVE].receive(VsockPacket.HEADER_BYTES);
                    serve(RECEIVE);
                })
                .isInstanceOf(QueueException.class)
                .hasMessageContaining("a receive buffer of 44 bytes; expected more than 44");
    }

    @Test
    void aQueueThatStopsWhileThereIsMoreToSayEndsItsService() {
        queues[RECEIVE].receive(0x100);
        send(VsockPacket.REQUEST, 0);
        VsockConnection connection = asked.remove();
        device.run(vsock -> vsock.opened(connection, line));
        line.says = "something";
        queues[RECEIVE].queue.stop();
        serve(RECEIVE);
        assertThat(line.says).isEqualTo("something");
        device.reset();
        assertThat(line.closed).isTrue();
    }

    @Test
    void aGuestThatEndsAConnectionBeforeItStandsHasItEndedThen() {
        queues[RECEIVE].receive(0x100);
        send(VsockPacket.REQUEST, 0);
        send(VsockPacket.SHUTDOWN, VsockPacket.NO_RECEIVE | VsockPacket.NO_SEND);
        device.run(vsock -> vsock.opened(asked.remove(), line));
        serve(RECEIVE);
        assertThat(line.closed).isTrue();
        assertThat(operations()).containsExactly(VsockPacket.RST);
    }

    @Test
    void aGuestThatWillSendNothingSaysSoToTheHostOnceItIsThere() {
        queues[RECEIVE].receive(0x100);
        send(VsockPacket.REQUEST, 0);
        send(VsockPacket.SHUTDOWN, VsockPacket.NO_SEND);
        device.run(vsock -> vsock.opened(asked.remove(), line));
        serve(RECEIVE);
        assertThat(line.ended).isTrue();
        assertThat(operations()).containsExactly(VsockPacket.RESPONSE);
    }
}
