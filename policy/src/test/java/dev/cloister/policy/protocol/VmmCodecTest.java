package dev.cloister.policy.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.VirtioBus;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class VmmCodecTest {
    private static final long SEED = 20_261_120;
    private static final int ROUNDS = 20_000;

    private static final ChannelConfig MEMORY = new ChannelConfig(
            0,
            "readings",
            FlowKind.MEMORY,
            Direction.OUT,
            "guard",
            new ChannelConfig.Window(0xd020_0000L, 0x1_0000, 64, 64),
            new ChannelConfig.Limits(1000, 100, 0, ChannelConfig.Quota.NONE),
            ChannelConfig.Sockets.NONE);
    private static final ChannelConfig STREAM = new ChannelConfig(
            1,
            "s",
            FlowKind.STREAM,
            Direction.IN,
            "@audit",
            new ChannelConfig.Window(0xd021_0000L, 0x2_0000, 1, 65536),
            new ChannelConfig.Limits(0, 0, 8, ChannelConfig.Quota.NONE),
            ChannelConfig.Sockets.NONE);

    static DomainConfig config() {
        return new DomainConfig(
                new DomainConfig.Identity(new UUID(0x1234567890abcdefL, 0xfedcba0987654321L), "sensor", "secret{ops}"),
                new DomainConfig.Processor(2, Engine.AUTO, "x86-64-v2,+aes", List.of(0, 3)),
                new DomainConfig.Memory(16 << 20, true),
                new DomainConfig.Boot("images/sensor.elf", "console=ttyS0 é", false, true),
                new DomainConfig.Devices(
                        VirtioBus.MMIO,
                        7,
                        1 << 20,
                        List.of(new DomainConfig.PersistentRange("@disk:store", 4 << 20, true, false))),
                true,
                List.of(MEMORY, STREAM),
                DaemonLoss.KEEP);
    }

    static Stream<ToVmm> toVmm() {
        return Stream.of(
                new ToVmm.Configure(config()),
                new ToVmm.Attach(30, Direction.IN, 7),
                new ToVmm.Start(),
                new ToVmm.Pause(),
                new ToVmm.Resume(),
                new ToVmm.Stop(),
                new ToVmm.PressPowerButton(),
                new ToVmm.SetBalloon(ToVmm.SetBalloon.NO_CHANGE),
                new ToVmm.SetBalloon(512 << 20),
                new ToVmm.Revoke(3, 1),
                new ToVmm.Answer(-7, AnswerStatus.BUSY, 0, "later"),
                new ToVmm.Query());
    }

    static Stream<FromVmm> fromVmm() {
        return Stream.of(
                new FromVmm.Ready(),
                new FromVmm.Attached(0, 1),
                new FromVmm.Revoked(30, Integer.MAX_VALUE),
                new FromVmm.Started(Long.MAX_VALUE),
                new FromVmm.Status(
                        DomainState.PAUSED,
                        Engine.DIRECT,
                        9,
                        List.of(new FromVmm.ExitCount("io", 1), new FromVmm.ExitCount("hlt", Long.MAX_VALUE)),
                        List.of(new FromVmm.ChannelCounters(2, 3, 4, 5))),
                new FromVmm.Request(1, FlowKind.EVENT, Direction.OUT, "command"),
                new FromVmm.Balloon(1, 2, Long.MAX_VALUE, List.of(new FromVmm.MemoryFact("free", 3))),
                new FromVmm.Violation(ViolationKind.READ_ONLY_WRITE, "gpa 0xd0200000"),
                new FromVmm.Exited(255, "{}"));
    }

    @ParameterizedTest
    @MethodSource("toVmm")
    void messagesToVmmComeBackEqual(ToVmm message) throws ProtocolException {
        assertThat(VmmCodec.decodeToVmm(VmmCodec.encode(message))).isEqualTo(message);
    }

    @ParameterizedTest
    @MethodSource("fromVmm")
    void messagesFromVmmComeBackEqual(FromVmm message) throws ProtocolException {
        assertThat(VmmCodec.decodeFromVmm(VmmCodec.encode(message))).isEqualTo(message);
    }

    @Test
    void everyPrefixAndEverySurplusByteIsRefused() {
        for (ByteBuffer frame : frames()) {
            for (int length = 0; length < frame.limit(); length++) {
                ByteBuffer cut = frame.duplicate().limit(length);
                assertThatThrownBy(() -> decodeEither(cut)).isInstanceOf(ProtocolException.class);
            }
            ByteBuffer longer = ByteBuffer.allocate(frame.limit() + 1).put(frame.duplicate());
            assertThatThrownBy(() -> decodeEither(longer.rewind())).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void flippedBytesAreRefusedOrStayWithinBounds() {
        Random random = new Random(SEED);
        List<ByteBuffer> frames = frames();
        int refused = 0;
        for (int i = 0; i < ROUNDS; i++) {
            ByteBuffer frame = frames.get(random.nextInt(frames.size()));
            byte[] bytes = new byte[frame.limit()];
            frame.duplicate().get(bytes);
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            refused += survives(ByteBuffer.wrap(bytes)) ? 0 : 1;
        }
        assertThat(refused).isBetween(ROUNDS / 10, ROUNDS);
    }

    @Test
    void noiseIsRefused() {
        Random random = new Random(SEED);
        for (int i = 0; i < ROUNDS; i++) {
            byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            if (noise.length >= 4) {
                // Past version and type, where the fields are.
                noise[0] = 0;
                noise[1] = 1;
                noise[2] = 0;
                noise[3] = (byte) random.nextInt(110);
            }
            survives(ByteBuffer.wrap(noise));
        }
    }

    @Test
    void errorNamesMessageFieldValueAndExpectation() {
        ByteBuffer frame =
                ByteBuffer.allocate(5).putShort((short) 1).putShort((short) 102).put((byte) 31);
        assertThatThrownBy(() -> VmmCodec.decodeFromVmm(frame.flip()))
                .hasMessage("Attached.index is 31: expected 0 to 30");
        ByteBuffer old = ByteBuffer.allocate(4).putShort((short) 2).putShort((short) 101);
        assertThatThrownBy(() -> VmmCodec.decodeFromVmm(old.flip())).hasMessage("frame.version is 2: expected 1 to 1");
    }

    @Test
    void encodingRefusesWhatNoDecoderWouldTake() {
        assertThatThrownBy(() -> VmmCodec.encode(new ToVmm.Attach(31, Direction.IN, 1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> VmmCodec.encode(new FromVmm.Request(1, FlowKind.EVENT, Direction.OUT, "two words")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> VmmCodec.encode(new FromVmm.Exited(0, "x".repeat(VmmCodec.MAX_REPORT + 1))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static List<ByteBuffer> frames() {
        List<ByteBuffer> frames = new ArrayList<>();
        toVmm().map(VmmCodec::encode).forEach(frames::add);
        fromVmm().map(VmmCodec::encode).forEach(frames::add);
        return frames;
    }

    private static Object decodeEither(ByteBuffer frame) throws ProtocolException {
        boolean fromVmm = frame.limit() >= 4 && frame.getShort(2) > 100;
        return fromVmm ? VmmCodec.decodeFromVmm(frame) : VmmCodec.decodeToVmm(frame);
    }

    /** Decodes; what is not refused must be encodable again, that is, within all bounds. */
    private static boolean survives(ByteBuffer frame) {
        try {
            switch (decodeEither(frame)) {
                case ToVmm m -> VmmCodec.encode(m);
                case FromVmm m -> VmmCodec.encode(m);
                default -> throw new AssertionError();
            }
            return true;
        } catch (ProtocolException e) {
            return false;
        }
    }
}
