package dev.cloister.it;

import dev.cloister.linux.Errno;
import dev.cloister.linux.Linux;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A network namespace of one thread and of all that it starts, processes and threads (unshare(2)): taps that are made there meet nothing
 * of the host, and are gone with the last who uses them. Needs root, {@code ip} and {@code /dev/net/tun}.
 */
public final class NetworkNamespace {
    private static final long SYS_UNSHARE = 272;
    private static final long CLONE_NEWNET = 0x4000_0000L;

    private NetworkNamespace() {}

    /** What is missing here; the message says what. */
    public static final class Unavailable extends Exception {
        private static final long serialVersionUID = 1L;

        Unavailable(String reason) {
            super(reason);
        }
    }

    /**
     * Does something in a namespace of its own, and waits for its end.
     *
     * @param <T> what comes of it
     * @param body what
     * @return what came of it
     * @throws Unavailable where this host lacks the right or the means
     * @throws Exception what the body threw
     */
    public static <T> T call(Callable<T> body) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            long result = Linux.syscall(SYS_UNSHARE, CLONE_NEWNET, 0, 0, 0, 0, 0);
            if (result < 0) {
                throw new Unavailable("no network namespace: unshare failed with " + Errno.name((int) -result)
                        + "; root has the right");
            }
            ip("link set lo up");
            return body.call();
        });
        Thread thread = new Thread(task, "network namespace");
        thread.start();
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof Exception exception ? exception : e;
        }
    }

    /**
     * Makes a tap that is up.
     *
     * @param name its name
     * @param address the host's address on it, with the length of its prefix
     * @throws Unavailable where that can't be done
     * @throws InterruptedException if the thread was interrupted
     */
    public static void tap(String name, String address) throws Unavailable, InterruptedException {
        ip("tuntap add dev " + name + " mode tap");
        ip("addr add " + address + " dev " + name);
        ip("link set " + name + " up");
    }

    private static void ip(String arguments) throws Unavailable, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments.split(" ")));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new Unavailable("ip " + arguments + ": " + output);
            }
        } catch (IOException e) {
            throw new Unavailable("ip can't be run (Debian package iproute2): " + e.getMessage());
        }
    }

    /** Sends bytes to who connects, takes what comes back at the same time, and compares the two. */
    public static final class Loop implements AutoCloseable {
        private static final int CHUNK = 64 << 10;
        private static final int PATIENCE_MILLIS = 600_000;

        private final ServerSocket listening;
        private final FutureTask<String> echo;
        private final long bytes;

        /**
         * Listens.
         *
         * @param address the address
         * @param bytes how many are sent
         * @param seed what they are made from
         * @throws IOException if the address can't be listened at
         */
        public Loop(String address, long bytes, long seed) throws IOException {
            this.bytes = bytes;
            listening = new ServerSocket(0, 1, InetAddress.getByName(address));
            listening.setSoTimeout(PATIENCE_MILLIS);
            echo = task("echo", () -> serve(seed));
        }

        private static FutureTask<String> task(String name, Callable<String> body) {
            FutureTask<String> task = new FutureTask<>(body);
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            thread.start();
            return task;
        }

        /**
         * The command by which a guest with busybox sends back what it gets.
         *
         * @return for its shell
         */
        public String guestCommand() {
            return "nc " + listening.getInetAddress().getHostAddress() + " " + listening.getLocalPort() + " -e cat";
        }

        private String serve(long seed) throws Exception {
            try (Socket socket = listening.accept()) {
                socket.setSoTimeout(PATIENCE_MILLIS);
                FutureTask<String> sent = task("sends", () -> send(socket, seed));
                String back = receive(socket);
                String there = sent.get();
                if (!back.equals(there)) {
                    throw new AssertionError("sent " + there + "; came back " + back);
                }
                return there;
            }
        }

        private String send(Socket socket, long seed) throws IOException, NoSuchAlgorithmException {
            SplittableRandom random = new SplittableRandom(seed);
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] chunk = new byte[CHUNK];
            OutputStream to = socket.getOutputStream();
            for (long left = bytes; left > 0; left -= CHUNK) {
                random.nextBytes(chunk);
                int step = (int) Math.min(left, CHUNK);
                digest.update(chunk, 0, step);
                to.write(chunk, 0, step);
            }
            socket.shutdownOutput();
            return bytes + " bytes, " + HexFormat.of().formatHex(digest.digest());
        }

        private static String receive(Socket socket) throws IOException, NoSuchAlgorithmException {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] chunk = new byte[CHUNK];
            long total = 0;
            InputStream from = socket.getInputStream();
            for (int step = from.read(chunk); step >= 0; step = from.read(chunk)) {
                digest.update(chunk, 0, step);
                total += step;
            }
            return total + " bytes, " + HexFormat.of().formatHex(digest.digest());
        }

        /**
         * Waits for the end of both directions.
         *
         * @return how many bytes went each way, and their digest
         * @throws Exception if what came back is not what was sent, or the connection broke
         */
        public String await() throws Exception {
            return echo.get();
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }
    }
}
