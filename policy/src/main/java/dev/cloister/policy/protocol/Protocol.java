package dev.cloister.policy.protocol;

import dev.cloister.policy.wire.FrameReader;
import dev.cloister.policy.wire.FrameWriter;
import dev.cloister.policy.wire.Struct;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Frames of one direction, by its table of messages. A message's Java type is the record of the same name as its structure.
 *
 * @param <M> the messages' common Java type
 */
final class Protocol<M> {
    private final NavigableMap<Integer, Message<M>> byNumber = new TreeMap<>();
    private final Map<String, Message<M>> byName = new HashMap<>();

    Protocol(List<Message<M>> messages) {
        for (Message<M> message : messages) {
            if (byNumber.put(message.number(), message) != null || byName.put(message.name(), message) != null) {
                throw new IllegalArgumentException("message " + message.name() + ": its number or name is taken");
            }
        }
    }

    ByteBuffer encode(M message) {
        ByteBuffer frame = ByteBuffer.allocate(VmmCodec.MAX_FRAME);
        encode(message, new FrameWriter(frame));
        return frame.flip();
    }

    void encode(M message, FrameWriter out) {
        Message<M> known = byName.get(message.getClass().getSimpleName());
        if (known == null) {
            throw new IllegalArgumentException("no message of the protocol: " + message.getClass());
        }
        out.header(VmmCodec.VERSION);
        out.header(known.number());
        write(known.body(), message, out);
    }

    // The table pairs each structure with the type of its name.
    @SuppressWarnings("unchecked")
    private static <T> void write(Struct<T> body, Object message, FrameWriter out) {
        body.write(out, (T) message);
    }

    M decode(ByteBuffer frame) throws ProtocolException {
        FrameReader in = new FrameReader(frame);
        in.header("version", VmmCodec.VERSION, VmmCodec.VERSION);
        int number = in.header("type", 0, 0xffff);
        Message<M> known = byNumber.get(number);
        if (known == null) {
            throw in.error("type", Integer.toString(number), byNumber.firstKey() + " to " + byNumber.lastKey());
        }
        in.enter(known.name());
        M message = known.body().read(in, "");
        in.end();
        return message;
    }
}
