package dev.cloister.policy.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.wire.FrameWriter;
import dev.cloister.policy.wire.WireType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What the table of messages says is what the codec does: every bound of every field of every message, from the table itself. */
class WireTableTest {
    private static final int ENOUGH = 512;

    /** A field as it lies in one frame. */
    private record Place(String name, WireType<?> type, int position) {}

    /** Remembers where fields begin. */
    private static final class Recorder extends FrameWriter {
        private final List<Place> places = new ArrayList<>();

        Recorder(ByteBuffer out) {
            super(out);
        }

        @Override
        protected void field(String name, WireType<?> type) {
            places.add(new Place(name, type, position()));
        }
    }

    private record Frame(byte[] bytes, List<Place> places) {}

    @TestFactory
    Stream<DynamicTest> theDaemonsMessages() {
        return tests(VmmMessages.TO_VMM, new Protocol<>(VmmMessages.TO_VMM));
    }

    @TestFactory
    Stream<DynamicTest> theVmmsMessages() {
        return tests(VmmMessages.FROM_VMM, new Protocol<>(VmmMessages.FROM_VMM));
    }

    private static <M> Stream<DynamicTest> tests(List<Message<M>> messages, Protocol<M> protocol) {
        return messages.stream()
                .flatMap(m -> Stream.of(
                        DynamicTest.dynamicTest(m.name() + ": bounds come back", () -> boundsComeBack(m, protocol)),
                        DynamicTest.dynamicTest(m.name() + ": no more than bounds", () -> illegal(m, protocol)),
                        DynamicTest.dynamicTest(m.name() + ": cut short", () -> cut(m, protocol))));
    }

    private static <M> void boundsComeBack(Message<M> message, Protocol<M> protocol) throws ProtocolException {
        for (M value : message.body().bounds()) {
            assertThat(protocol.decode(protocol.encode(value))).isEqualTo(value);
        }
    }

    /** Each field in turn is given each value beyond its bounds: refused, and the error names the message. */
    private static <M> void illegal(Message<M> message, Protocol<M> protocol) {
        for (M value : message.body().bounds()) {
            Frame frame = frame(value, protocol);
            for (Place place :
                    frame.places().subList(0, Math.min(ENOUGH, frame.places().size()))) {
                for (byte[] bytes : place.type().illegal()) {
                    byte[] damaged = frame.bytes().clone();
                    int room = Math.min(bytes.length, damaged.length - place.position());
                    System.arraycopy(bytes, 0, damaged, place.position(), room);
                    assertThatThrownBy(() -> protocol.decode(ByteBuffer.wrap(damaged)))
                            .as("%s.%s as %s", message.name(), place.name(), Arrays.toString(bytes))
                            .isInstanceOf(ProtocolException.class)
                            .hasMessageStartingWith(message.name() + ".");
                }
            }
        }
    }

    private static <M> void cut(Message<M> message, Protocol<M> protocol) {
        Frame frame = frame(message.body().bounds().getFirst(), protocol);
        for (int length = 0; length < frame.bytes().length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(frame.bytes(), 0, length);
            assertThatThrownBy(() -> protocol.decode(cut)).isInstanceOf(ProtocolException.class);
        }
    }

    private static <M> Frame frame(M value, Protocol<M> protocol) {
        ByteBuffer buffer = ByteBuffer.allocate(VmmCodec.MAX_FRAME);
        Recorder recorder = new Recorder(buffer);
        protocol.encode(value, recorder);
        byte[] bytes = new byte[buffer.flip().remaining()];
        buffer.get(bytes);
        return new Frame(bytes, recorder.places);
    }

    /** Every record of the two interfaces is in the table, and nothing else. */
    @Test
    void theTableIsComplete() {
        assertThat(names(VmmMessages.TO_VMM)).isEqualTo(records(ToVmm.class));
        assertThat(names(VmmMessages.FROM_VMM)).isEqualTo(records(FromVmm.class));
    }

    private static <M> String names(List<Message<M>> messages) {
        return messages.stream().map(Message::name).sorted().collect(Collectors.joining(" "));
    }

    private static String records(Class<?> type) {
        return Arrays.stream(type.getPermittedSubclasses())
                .map(Class::getSimpleName)
                .sorted()
                .collect(Collectors.joining(" "));
    }

    /** The largest message of each kind fits into a packet of the socket. */
    @Test
    void everyMessageFits() {
        Stream.of(VmmMessages.TO_VMM, VmmMessages.FROM_VMM)
                .flatMap(List::stream)
                .forEach(m -> assertThat(4 + m.body().maxBytes()).as(m.name()).isLessThanOrEqualTo(VmmCodec.MAX_FRAME));
    }
}
