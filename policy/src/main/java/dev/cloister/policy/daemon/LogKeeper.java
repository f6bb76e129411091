package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.daemon.journal.LogFile;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.relay.Messages;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of the flows of kind log to a {@code @log} file: each record becomes a line with the time and the flow in front,
 * {@code TIME FLOW: TEXT}, and lost ones a line that no sender can write, {@code TIME FLOW! N lost}. The relay has made the text
 * printable. Loop's thread only.
 */
final class LogKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogKeeper.class);
    /** Records taken in one turn of the loop. */
    private static final int TURN = 64;

    private record End(Fd pipe, EventLoop.Watch watch) {}

    private final EventLoop loop;
    private final Map<String, LogFile> files;
    private final Clock clock;
    private final Map<Channel, End> ends = new HashMap<>();
    private final byte[] packet = new byte[Pipe.MOST_PACKET];

    /** Keeps lines in the files by their endpoints' names; the map may change. */
    LogKeeper(EventLoop loop, Map<String, LogFile> files, Clock clock) {
        this.loop = loop;
        this.files = files;
        this.clock = clock;
    }

    /** Takes the receiving end of a channel; its descriptors stay the channel's. */
    void attach(Channel channel) throws ErrnoException {
        Fd pipe = channel.objects().receiverFds().getFirst().duplicate();
        ends.put(channel, new End(pipe, loop.watch(pipe, () -> take(channel, pipe))));
    }

    private void take(Channel channel, Fd pipe) {
        int count = 1;
        for (int i = 0; count > 0 && i < TURN; i++) {
            count = read(pipe);
            if (count >= Messages.PREFIX) {
                keep(channel, count);
            }
        }
        if (count < 0) {
            detach(channel);
        }
    }

    private int read(Fd pipe) {
        try {
            return Pipe.read(pipe, packet, 0, packet.length);
        } catch (ErrnoException e) {
            LOG.warn("a log can't be read: {}", e.getMessage());
            return -1;
        }
    }

    private void keep(Channel channel, int count) {
        LogFile file = files.get(channel.flow().to().name());
        if (file == null) {
            return;
        }
        String from = clock.instant().truncatedTo(ChronoUnit.MILLIS) + " "
                + channel.flow().name();
        long lost = Integer.toUnsignedLong(
                ByteBuffer.wrap(packet).order(ByteOrder.LITTLE_ENDIAN).getInt());
        StringBuilder lines = new StringBuilder();
        if (lost > 0) {
            lines.append(from).append("! ").append(lost).append(" lost\n");
        }
        int length = count - Messages.PREFIX;
        if (length > 0) {
            String text = new String(packet, Messages.PREFIX, length, StandardCharsets.US_ASCII);
            lines.append(from).append(": ").append(text).append('\n');
        }
        byte[] bytes = lines.toString().getBytes(StandardCharsets.US_ASCII);
        file.append(bytes, bytes.length);
    }

    /** Lets go of a channel; what has passed by then is kept. */
    void detach(Channel channel) {
        End end = ends.remove(channel);
        if (end != null) {
            end.watch().cancel();
            for (int count = read(end.pipe()); count > 0; count = read(end.pipe())) {
                keep(channel, count);
            }
            end.pipe().close();
        }
    }

    @Override
    public void close() {
        Map.copyOf(ends).keySet().forEach(this::detach);
    }
}
