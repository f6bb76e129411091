package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.channel.RingWriter;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.relay.Messages;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending end of the flows from {@code @audit}: every record as its line in the log, cut to the flow's record size. A reader that is
 * slow is overrun, or loses lines, and knows it; nothing comes back. Loop's thread only.
 */
final class AuditFeed implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AuditFeed.class);

    /** What takes the lines of one channel. */
    private sealed interface End {
        Channel channel();

        /** Passes a line on; its last byte, the newline, is not part of it. */
        void write(byte[] line);

        void close();
    }

    private record RingEnd(Channel channel, Mapping mapping, RingWriter ring, EventFd doorbell) implements End {
        @Override
        public void write(byte[] line) {
            ring.write(line, 0, Math.min(line.length - 1, ring.maxPayload()));
            channel.meter().add(1, System.nanoTime());
            try {
                doorbell.signal();
            } catch (ErrnoException e) {
                LOG.warn("doorbell of flow {}: {}", channel.flow().name(), e.getMessage());
            }
        }

        @Override
        public void close() {
            doorbell.close();
            mapping.close();
        }
    }

    /** The relay has the other end of the pipe, and counts what passes. */
    private record PacketEnd(Channel channel, Fd pipe) implements End {
        @Override
        public void write(byte[] line) {
            int most = channel.flow().recordBytes() - Messages.HEADER;
            try {
                if (Pipe.write(pipe, line, 0, Math.min(line.length - 1, most)) == 0) {
                    // The numbers of the records show the gap.
                    channel.meter().refuse(1);
                }
            } catch (ErrnoException e) {
                LOG.warn("flow {}: {}", channel.flow().name(), e.getMessage());
            }
        }

        @Override
        public void close() {
            pipe.close();
        }
    }

    private final List<End> ends = new ArrayList<>();

    /** Takes the sending end of a channel; its descriptors stay the channel's. */
    void attach(Channel channel, int epoch) throws ErrnoException {
        List<Fd> fds = channel.objects().senderFds();
        Flow flow = channel.flow();
        if (flow.kind() == FlowKind.LOG) {
            ends.add(new PacketEnd(channel, fds.getFirst().duplicate()));
            return;
        }
        Mapping mapping = Mapping.writable(fds.getFirst(), 0, flow.windowBytes());
        RingWriter ring = new RingWriter(mapping.segment(), flow.recordBytes(), flow.records());
        ring.reset(epoch);
        ends.add(new RingEnd(channel, mapping, ring, EventFd.adopt(fds.get(1).duplicate())));
    }

    /** Passes a record's line on, without its newline. */
    void write(byte[] line) {
        ends.forEach(end -> end.write(line));
    }

    /** Lets go of a channel whose reader is gone. */
    void detach(Channel channel) {
        for (End end : List.copyOf(ends)) {
            if (end.channel() == channel) {
                ends.remove(end);
                end.close();
            }
        }
    }

    @Override
    public void close() {
        ends.forEach(End::close);
        ends.clear();
    }
}
