package dev.cloister.vmm;

import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.DebugOptions;
import dev.cloister.vmm.config.GdbListener;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.report.MachineExit;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A guest that waits for gdb on a Unix socket in a folder, and what talks to it: the real gdb, or packets written by hand. */
final class GdbGuest implements AutoCloseable {
    private final Machine machine;
    private final Path folder;
    private final Path socket;

    GdbGuest(Path folder, Engine engine, int cpus, BootImage image) throws Exception {
        this(folder, engine, cpus, image, List.of());
    }

    GdbGuest(Path folder, Engine engine, int cpus, BootImage image, List<String> breakpoints) throws Exception {
        this.folder = folder;
        this.socket = folder.resolve("gdb");
        GdbListener listener = GdbListener.open(socket.toString());
        MachineConfig config = MachineConfig.builder(image)
                .engine(engine)
                .cpus(cpus)
                .memory(16L << 20)
                .debugExit(true)
                .debug(new DebugOptions(breakpoints, listener, null, DebugOptions.DEFAULT_TRACE, System.out::println))
                .build();
        machine = engine == Engine.DIRECT ? Machine.create(TestGuest.kvm(), config) : Machine.open(config);
        machine.start();
    }

    /** Runs gdb with these commands after it has connected; returns what it printed. */
    String gdb(String... commands) throws IOException, InterruptedException {
        List<String> script = new ArrayList<>(List.of(
                "set pagination off",
                "set confirm off",
                "set remotetimeout 60",
                "set tcp connect-timeout 60",
                "target remote " + socket));
        script.addAll(List.of(commands));
        Path file = Files.write(folder.resolve("script.gdb"), script);
        Process process;
        try {
            process = new ProcessBuilder("gdb", "-nx", "-batch", "-x", file.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("gdb.out").toFile())
                    .start();
        } catch (IOException e) {
            String reason = "skipped, no gdb on PATH: " + e.getMessage();
            System.out.println(reason);
            return Assumptions.abort(reason);
        }
        try {
            if (!process.waitFor(100, TimeUnit.SECONDS)) {
                throw new AssertionError("gdb still runs; it printed\n" + output());
            }
        } finally {
            process.destroyForcibly();
        }
        return output();
    }

    private String output() throws IOException {
        return Files.readString(folder.resolve("gdb.out"));
    }

    MachineExit await() throws InterruptedException {
        return machine.await();
    }

    Client client() throws IOException {
        return new Client(socket);
    }

    @Override
    public void close() {
        machine.close();
    }

    /** Packets by hand, without acknowledgements. */
    static final class Client implements AutoCloseable {
        private final SocketChannel channel;
        private final ByteBuffer one = ByteBuffer.allocate(1);

        Client(Path socket) throws IOException {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            ask("QStartNoAckMode");
        }

        String ask(String packet) throws IOException {
            send(packet);
            return answer();
        }

        void send(String packet) throws IOException {
            int sum = packet.chars().sum() & 0xff;
            raw("$" + packet + "#%02x".formatted(sum));
        }

        void raw(String bytes) throws IOException {
            ByteBuffer buffer = ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1));
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }

        /** The next packet's text; empty also at the end of the connection. */
        String answer() throws IOException {
            StringBuilder text = new StringBuilder();
            int next = read();
            while (next != '$' && next >= 0) {
                next = read();
            }
            for (next = read(); next != '#' && next >= 0; next = read()) {
                text.append((char) next);
            }
            read();
            read();
            return text.toString();
        }

        int read() throws IOException {
            one.clear();
            return channel.read(one) < 0 ? -1 : one.get(0) & 0xff;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
