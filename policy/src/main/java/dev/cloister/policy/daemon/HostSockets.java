package dev.cloister.policy.daemon;

import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.loop.Throttle;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.socket.HostSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The host's ends of streams at {@code @socket}: each socket has a thread while a flow of it is open, which makes connections of
 * programs from what the relay carries. No VMM ever has a socket. Loop's thread only.
 */
final class HostSockets implements AutoCloseable {
    private final EventLoop loop;
    private final Journal journal;
    private final Map<Path, Slot> slots = new HashMap<>();
    private final Map<Channel, End> ends = new HashMap<>();

    /** A socket with those who use it. */
    private static final class Slot {
        private final HostSocket socket;
        /** Under the socket's lock. */
        private final Throttle throttle = new Throttle();

        /** The places of its flows, which stay theirs. */
        private final Map<String, Integer> places = new HashMap<>();

        private int uses;

        Slot(Function<Slot, HostSocket> socket) {
            this.socket = socket.apply(this);
        }
    }

    private record End(Path path, Slot slot, ChannelConfig told) {}

    HostSockets(EventLoop loop, Journal journal) {
        this.loop = loop;
        this.journal = journal;
    }

    /** The path at the host's end of a flow; none where it has no such end. */
    static Optional<Path> pathOf(Flow flow) {
        return Stream.of(flow.from(), flow.to())
                .filter(HostEndpoint.class::isInstance)
                .map(end -> ((HostEndpoint) end).object())
                .filter(HostObject.Socket.class::isInstance)
                .map(socket -> ((HostObject.Socket) socket).resolved())
                .findAny();
    }

    /**
     * Takes the host's end of a channel; its descriptors stay the channel's.
     *
     * @param channel which
     * @param role OUT where the host sends
     * @throws IOException if nobody can listen at the path
     */
    void attach(Channel channel, Direction role) throws IOException {
        Flow flow = channel.flow();
        Path path = pathOf(flow).orElseThrow();
        Endpoint domain = role == Direction.OUT ? flow.to() : flow.from();
        Slot slot = slots.computeIfAbsent(path, at -> slot(at, (Domain) domain));
        int place = slot.places.computeIfAbsent(flow.name(), _ -> slot.places.size());
        ChannelConfig told = DomainLayout.channel(role, flow, place, 0);
        slot.uses++;
        End end = new End(path, slot, told);
        ends.put(channel, end);
        List<Fd> fds = role == Direction.OUT
                ? channel.objects().senderFds()
                : channel.objects().receiverFds();
        try {
            slot.socket.attach(
                    told, fds.getFirst().duplicate(), EventFd.adopt(fds.get(1).duplicate()));
        } catch (IOException e) {
            detach(channel);
            throw e;
        }
    }

    private Slot slot(Path path, Domain domain) {
        return new Slot(slot -> new HostSocket("socket " + domain.name(), path, new HostSocket.Listener() {
            @Override
            public void refused(long port) {
                later(slot, domain.name(), AuditKind.CONNECTION_REFUSED, path + ": port " + port + " of the domain");
            }

            @Override
            public void broken(String how) {
                later(slot, domain.name(), AuditKind.VIOLATION, "stream " + how + "; its connections are ended");
            }
        }));
    }

    /** Records what somebody tried, unless it is too much. On a socket's thread. */
    private void later(Slot slot, String domain, AuditKind kind, String detail) {
        long before = slot.throttle.admit(System.nanoTime());
        if (before != Throttle.SUPPRESSED) {
            String text = before == 0 ? detail : detail + "; " + before + " before were not recorded";
            loop.execute(() -> journal.write(kind, domain, "", text));
        }
    }

    /** Whether nothing is under way any more to the programs of a channel's socket. */
    boolean drained(Channel channel) {
        End end = ends.get(channel);
        return end == null || end.slot.socket.drained();
    }

    /** Lets go of a channel, if it has an end of it. */
    void detach(Channel channel) {
        End end = ends.remove(channel);
        if (end == null) {
            return;
        }
        end.slot.socket.sever(end.told);
        end.slot.uses--;
        if (end.slot.uses == 0) {
            slots.remove(end.path);
            end.slot.socket.close();
        }
    }

    /** Whether a flow has such an end. */
    static boolean is(Flow flow) {
        return flow.kind() == FlowKind.STREAM && pathOf(flow).isPresent();
    }

    @Override
    public void close() {
        List.copyOf(ends.keySet()).forEach(this::detach);
    }
}
