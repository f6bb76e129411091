package dev.cloister.vmm.vsock;

import dev.cloister.linux.Fd;
import dev.cloister.linux.MessageSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The process of a {@link SocketBroker}: one argument, the path; descriptor {@value #VMM_FD} is the VMM's socket. Its first message
 * there is empty but for a NUL when it listens, else what went wrong. It ends when the VMM process does.
 */
public final class SocketBrokerMain {
    /** The descriptor of the VMM's socket. */
    public static final int VMM_FD = 3;

    private static final int USAGE = 64;
    private static final int HOST = 69;

    private SocketBrokerMain() {}

    /**
     * Serves and exits.
     *
     * @param arguments see the class
     */
    public static void main(String[] arguments) {
        Runtime.getRuntime().halt(arguments.length == 1 ? serve(Path.of(arguments[0])) : USAGE);
    }

    private static int serve(Path path) {
        try (MessageSocket vmm = MessageSocket.adopt(Fd.own(VMM_FD))) {
            SocketBroker broker;
            try {
                broker = new SocketBroker(path, vmm);
            } catch (IOException | IllegalArgumentException e) {
                String problem =
                        e.getMessage() + "; expected a path in a folder that exists, where nothing is but the socket"
                                + " of a run that has ended";
                vmm.send(problem.getBytes(StandardCharsets.UTF_8));
                return HOST;
            }
            try (broker) {
                vmm.send(new byte[1]);
                broker.run();
            }
            return 0;
        } catch (IOException e) {
            // The VMM is gone, and with it who could be told.
            return HOST;
        }
    }
}
