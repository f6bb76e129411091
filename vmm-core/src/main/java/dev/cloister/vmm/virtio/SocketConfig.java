package dev.cloister.vmm.virtio;

import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.MessageSocket.Message;
import dev.cloister.linux.Spawn;
import dev.cloister.vmm.vsock.SocketBrokerMain;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A machine's socket device. Whoever holds it closes the socket, unless a machine was made with it: that closes it then.
 *
 * @param guestCid the guest's context id, 3 to 4294967294
 * @param broker the connection to who makes sockets for it, see {@link dev.cloister.vmm.vsock.SocketBroker}; nothing where the guest
 *     reaches no host
 */
public record SocketConfig(long guestCid, Optional<MessageSocket> broker) {
    private static final long START_MILLIS = 20_000;

    /**
     * Starts a broker in a process of its own, and waits until it listens. It ends when the socket is closed.
     *
     * @param guestCid the guest's context id
     * @param path where programs of the host connect, absolute, at most 96 bytes
     * @param command the broker's command line up to the path: a Java with {@link SocketBrokerMain}
     * @return the device
     * @throws IOException if it can't be started or can't listen; the message says why
     */
    public static SocketConfig open(long guestCid, Path path, List<String> command) throws IOException {
        List<String> whole = new ArrayList<>(command);
        whole.add(path.toString());
        MessageSocket.Pair pair = MessageSocket.pair();
        boolean listens = false;
        try {
            try (MessageSocket child = pair.second()) {
                Spawn.command(whole)
                        .fd(SocketBrokerMain.VMM_FD, child.fd())
                        .inheritOutput()
                        .ownSession()
                        .start();
            }
            String problem = pair.first().receiveWithin(START_MILLIS) instanceof Message message
                    ? new String(message.data(), StandardCharsets.UTF_8).replace("\0", "")
                    : "the process that makes sockets did not start";
            listens = problem.isEmpty();
            if (!listens) {
                throw new IOException(problem);
            }
            return new SocketConfig(guestCid, Optional.of(pair.first()));
        } finally {
            if (!listens) {
                pair.first().close();
            }
        }
    }
}
