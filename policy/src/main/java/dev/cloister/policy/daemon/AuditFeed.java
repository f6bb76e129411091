package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.policy.channel.RingWriter;
import dev.cloister.policy.model.Flow;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending end of the flows from {@code @audit}: every record as its line in the log, cut to
 * the ring's record size, then the doorbell. A reader that is
 * slow is overrun and knows it; nothing comes back. Loop's thread only.
 */
final class AuditFeed implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AuditFeed.class);

    private record End(Channel channel, Mapping mapping, RingWriter ring, EventFd doorbell) {}

    private final List<End> ends = new ArrayList<>();

    /** Takes the sending end of a channel; its descriptors stay the channel's. */
    void attach(Channel channel, int epoch) throws ErrnoException {
        List<Fd> fds = channel.objects().senderFds();
        Flow flow = channel.flow();
        Mapping mapping = Mapping.writable(fds.getFirst(), 0, flow.windowBytes());
        RingWriter ring = new RingWriter(mapping.segment(), flow.recordBytes(), flow.records());
        ring.reset(epoch);
        ends.add(new End(channel, mapping, ring, EventFd.adopt(fds.get(1).duplicate())));
    }

    /** Passes a record's line on, without its newline. */
    void write(byte[] line) {
        for (End end : ends) {
            end.ring().write(line, 0, Math.min(line.length - 1, end.ring().maxPayload()));
            end.channel().meter().add(1, System.nanoTime());
            try {
                end.doorbell().signal();
            } catch (ErrnoException e) {
                LOG.warn("doorbell of flow {}: {}", end.channel().flow().name(), e.getMessage());
            }
        }
    }

    /** Lets go of a channel whose reader is gone. */
    void detach(Channel channel) {
        for (End end : List.copyOf(ends)) {
            if (end.channel() == channel) {
                ends.remove(end);
                close(end);
            }
        }
    }

    private static void close(End end) {
        end.doorbell().close();
        end.mapping().close();
    }

    @Override
    public void close() {
        ends.forEach(AuditFeed::close);
        ends.clear();
    }
}
