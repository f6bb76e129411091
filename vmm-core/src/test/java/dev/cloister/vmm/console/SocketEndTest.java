package dev.cloister.vmm.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs that connect, one after the other. */
@Timeout(300)
class SocketEndTest {
    @TempDir
    Path folder;

    private SocketEnd end;
    private Thread reader;
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    @BeforeEach
    void listen() throws IOException {
        end = SocketEnd.listen(folder.resolve("end"));
        end.onConnection(there -> events.add(there ? "there" : "gone"));
        reader = Thread.ofPlatform().start(this::read);
    }

    private void read() {
        byte[] bytes = new byte[64];
        try {
            for (int n = end.input().read(bytes); n >= 0; n = end.input().read(bytes)) {
                events.add("got " + new String(bytes, 0, n, StandardCharsets.US_ASCII));
            }
            events.add("end");
        } catch (IOException e) {
            events.add(e.toString());
        }
    }

    @AfterEach
    void close() throws InterruptedException {
        end.close();
        reader.join();
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(folder.resolve("end")));
        return channel;
    }

    private String next() throws InterruptedException {
        return events.poll(30, TimeUnit.SECONDS);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void say(String text) throws IOException {
        end.output().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String hear(SocketChannel channel, int count) throws IOException {
        ByteBuffer heard = ByteBuffer.allocate(count);
        while (heard.hasRemaining() && channel.read(heard) >= 0) {
            // Until all is there.
        }
        return new String(heard.array(), 0, heard.position(), StandardCharsets.US_ASCII);
    }

    @Test
    void theNextProgramWaitsUntilTheFirstHasGone() throws Exception {
        assertThat(next()).isEqualTo("gone");
        say("to nobody");
        try (SocketChannel first = connect();
                SocketChannel second = connect()) {
            assertThat(next()).isEqualTo("there");
            second.write(bytes("two"));
            first.write(bytes("one"));
            assertThat(next()).isEqualTo("got one");
            say("hello");
            assertThat(hear(first, 5)).isEqualTo("hello");
            first.close();
            assertThat(next()).isEqualTo("gone");
            assertThat(next()).isEqualTo("there");
            assertThat(next()).isEqualTo("got two");
            say("again");
            assertThat(hear(second, 5)).isEqualTo("again");
        }
        assertThat(next()).isEqualTo("gone");
    }

    @Test
    void aProgramThatDoesNotReadHoldsTheWriterUpUntilItGoes() throws Exception {
        assertThat(next()).isEqualTo("gone");
        Thread writer;
        try (SocketChannel lazy = connect()) {
            assertThat(next()).isEqualTo("there");
            writer = Thread.ofPlatform().start(() -> {
                try {
                    end.output().write(new byte[8 << 20]);
                    events.add("written");
                } catch (IOException e) {
                    events.add(e.toString());
                }
            });
            lazy.write(bytes("x"));
            assertThat(next()).isEqualTo("got x");
            assertThat(writer.isAlive()).isTrue();
        }
        writer.join();
        assertThat(java.util.List.of(next(), next())).containsExactlyInAnyOrder("gone", "written");
    }

    @Test
    void closingEndsTheReaderAndTheProgramsConnection() throws Exception {
        assertThat(next()).isEqualTo("gone");
        try (SocketChannel program = connect()) {
            assertThat(next()).isEqualTo("there");
            end.close();
            assertThat(next()).isEqualTo("end");
            assertThat(hear(program, 1)).isEmpty();
        }
        assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
        // What is left at the path hinders nobody.
        end = SocketEnd.listen(folder.resolve("end"));
        reader = Thread.ofPlatform().start(this::read);
    }

    @Test
    void whereSomebodyListensNobodyElseCan() {
        assertThatThrownBy(() -> SocketEnd.listen(folder.resolve("end")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("EADDRINUSE");
    }
}
