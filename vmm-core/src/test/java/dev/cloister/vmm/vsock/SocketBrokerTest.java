package dev.cloister.vmm.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.MessageSocket.Message;
import dev.cloister.linux.StreamSocket;
import dev.cloister.policy.socket.Callers;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The broker between real sockets: what the VMM's process asks for, and what programs of the host say. */
@Timeout(300)
class SocketBrokerTest {
    private static final long PATIENCE_MILLIS = 20_000;

    @TempDir
    private Path folder;

    private MessageSocket.Pair pair;
    private Thread thread;

    @BeforeEach
    void start() throws IOException {
        pair = MessageSocket.pair();
        SocketBroker broker = new SocketBroker(folder.resolve("v"), pair.second());
        thread = Thread.ofPlatform().start(() -> {
            try (broker) {
                broker.run();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @AfterEach
    void stop() throws InterruptedException {
        pair.first().close();
        thread.join();
        pair.second().close();
        assertThat(folder.resolve("v")).doesNotExist();
    }

    @Test
    void connectsToWhoListensAtTheGuestsPort() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("v_4000000000"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            pair.first().send(new BrokerMessage.Connect(9, (int) 4_000_000_000L).bytes());
            Message message = receive();
            assertThat(BrokerMessage.of(message.data())).contains(new BrokerMessage.Connected(9));
            assertThat(message.fds()).hasSize(1);
            message.closeFds();
            try (SocketChannel accepted = server.accept()) {
                assertThat(accepted.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            }
        }
    }

    @Test
    void refusesWhereNobodyListens() throws IOException {
        Files.createFile(folder.resolve("v_8"));
        for (int port = 7; port < 9; port++) {
            pair.first().send(new BrokerMessage.Connect(port, port).bytes());
            assertThat(BrokerMessage.of(receive().data())).contains(new BrokerMessage.Refused(port));
        }
    }

    @Test
    void handsOverAProgramThatSaysItsPortAndNotAByteThatFollows() throws IOException {
        try (SocketChannel program = connect()) {
            send(program, "CONN");
            send(program, "ECT 1234\nfirst bytes");
            Message message = receive();
            assertThat(BrokerMessage.of(message.data())).contains(new BrokerMessage.Incoming(1234));
            try (StreamSocket socket = StreamSocket.adopt(message.fds().getFirst(), "program")) {
                byte[] bytes = new byte[64];
                int count = socket.receive(bytes);
                assertThat(new String(bytes, 0, count, StandardCharsets.US_ASCII))
                        .isEqualTo("first bytes");
            }
        }
    }

    @Test
    void hangsUpOnEverythingElse() throws IOException {
        for (String line : new String[] {
            "GET / HTTP/1.0\r\n",
            "CONNECT \n",
            "CONNECT x\n",
            "CONNECT 4294967296\n",
            "CONNECT 12345678901",
            "CONNECT -1\n"
        }) {
            try (SocketChannel program = connect()) {
                send(program, line);
                assertThat(isOver(program)).as(line).isTrue();
            }
        }
    }

    @Test
    void programsThatSayNothingGiveWayToOthers() throws IOException {
        SocketChannel[] silent = new SocketChannel[Callers.MAX_WAITING];
        for (int i = 0; i < silent.length; i++) {
            silent[i] = connect();
        }
        try (SocketChannel program = connect()) {
            send(program, "CONNECT 5\n");
            Message message = receive();
            message.closeFds();
            assertThat(BrokerMessage.of(message.data())).contains(new BrokerMessage.Incoming(5));
            assertThat(isOver(silent[0])).isTrue();
        }
        for (SocketChannel channel : silent) {
            channel.close();
        }
    }

    @Test
    void messagesThatAreNoneAreDropped() throws IOException {
        pair.first().send(new byte[3]);
        pair.first().send(new BrokerMessage.Incoming(1).bytes());
        pair.first().send(new BrokerMessage.Connect(3, 3).bytes());
        assertThat(BrokerMessage.of(receive().data())).contains(new BrokerMessage.Refused(3));
    }

    private Message receive() throws IOException {
        if (pair.first().receiveWithin(PATIENCE_MILLIS) instanceof Message message) {
            return message;
        }
        throw new AssertionError("the broker said nothing");
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("v")));
    }

    private static void send(SocketChannel to, String text) throws IOException {
        to.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Waits for the end; bytes that were not read make it a reset. */
    private static boolean isOver(SocketChannel channel) {
        try {
            return channel.read(ByteBuffer.allocate(1)) == -1;
        } catch (IOException e) {
            return true;
        }
    }
}
