package dev.cloister.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.virtio.net.NetPort;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.channel.WireFrame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest's end of a wire against real pipes: what passes, what doesn't, and what the guest sees of the link. */
@Timeout(300)
class GrantedWireTest {
    private static final long SEED = 20261121;
    private static final int QUEUE = 16;

    private final Semaphore readable = new Semaphore(0);
    private final Semaphore changed = new Semaphore(0);
    private final GrantedWire wire = new GrantedWire("other");
    private final Arena arena = Arena.ofShared();
    private final MemorySegment header = arena.allocate(NetPort.HEADER_BYTES);
    private Pipe out;
    private Pipe in;

    @BeforeEach
    void begin() throws Exception {
        out = Pipe.packets(QUEUE);
        in = Pipe.packets(QUEUE);
        wire.start(new NetPort.Listener() {
            @Override
            public void readable() {
                readable.release();
            }

            @Override
            public void linkChanged() {
                changed.release();
            }
        });
    }

    @AfterEach
    void end() {
        wire.sending().sever();
        wire.receiving().sever();
        out.close();
        in.close();
        arena.close();
    }

    private static List<Fd> handed(Fd end) throws Exception {
        return new ArrayList<>(List.of(end.duplicate()));
    }

    private MemorySegment[] pieces(byte[] bytes, int cut) {
        MemorySegment all = arena.allocate(bytes.length);
        MemorySegment.copy(bytes, 0, all, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return cut == 0
                ? new MemorySegment[] {all}
                : new MemorySegment[] {all.asSlice(0, cut), all.asSlice(cut, bytes.length - cut)};
    }

    private boolean send(byte[] frame, int cut) {
        MemorySegment[] pieces = pieces(frame, cut);
        return wire.send(header, pieces, pieces.length);
    }

    private byte[] arrived() throws Exception {
        byte[] packet = new byte[Pipe.MOST_PACKET];
        int count = Pipe.read(out.readEnd(), packet, 0, packet.length);
        return Arrays.copyOf(packet, Math.max(0, count));
    }

    private void arrives(byte[] frame) throws Exception {
        assertThat(Pipe.write(in.writeEnd(), frame, 0, frame.length)).isEqualTo(frame.length);
    }

    private static byte[] frame(SplittableRandom random, int bytes) {
        byte[] frame = new byte[bytes];
        random.nextBytes(frame);
        return frame;
    }

    @Test
    void framesGoOutWholeHoweverTheyLieInMemory() throws Exception {
        wire.sending().attach(handed(out.writeEnd()));
        SplittableRandom random = new SplittableRandom(SEED);
        long bytes = 0;
        for (int i = 0; i < 200; i++) {
            byte[] frame = frame(random, random.nextInt(WireFrame.LEAST, WireFrame.MOST + 1));
            assertThat(send(frame, random.nextInt(frame.length))).isTrue();
            assertThat(arrived()).as("seed %d frame %d", SEED, i).isEqualTo(frame);
            bytes += frame.length;
        }
        assertThat(wire.sending().units()).isEqualTo(bytes);
        assertThat(wire.sending().refused()).isZero();
    }

    @Test
    void framesComeInWholeWithEmptyHeadersAndTheDeviceHearsOfThem() throws Exception {
        wire.receiving().attach(handed(in.readEnd()));
        assertThat(readable.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
        SplittableRandom random = new SplittableRandom(SEED);
        MemorySegment[] into = {arena.allocate(100), arena.allocate(Pipe.MOST_PACKET)};
        for (int i = 0; i < 100; i++) {
            assertThat(wire.receive(header, into, 2)).isEqualTo(NetPort.NOTHING);
            byte[] frame = frame(random, random.nextInt(WireFrame.LEAST, WireFrame.MOST + 1));
            arrives(frame);
            assertThat(readable.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
            header.fill((byte) 7);
            assertThat(wire.receive(header, into, 2)).isEqualTo(frame.length);
            byte[] got = new byte[frame.length];
            int first = Math.min(100, got.length);
            MemorySegment.copy(into[0], ValueLayout.JAVA_BYTE, 0, got, 0, first);
            MemorySegment.copy(into[1], ValueLayout.JAVA_BYTE, 0, got, first, got.length - first);
            assertThat(got).as("seed %d frame %d", SEED, i).isEqualTo(frame);
            assertThat(header.toArray(ValueLayout.JAVA_BYTE)).containsOnly((byte) 0);
        }
    }

    @Test
    void whatIsNoFrameOrHasNoRoomIsLostAndCounted() throws Exception {
        wire.sending().attach(handed(out.writeEnd()));
        wire.receiving().attach(handed(in.readEnd()));
        assertThat(send(new byte[WireFrame.MOST + 1], 0)).isFalse();
        assertThat(send(new byte[NetPort.MAX_FRAME_BYTES], 5)).isFalse();
        assertThat(arrived()).isEmpty();
        int taken = 0;
        while (send(new byte[60], 0)) {
            taken++;
            assertThat(taken).isLessThan(10_000);
        }
        assertThat(taken).isGreaterThanOrEqualTo(QUEUE);
        assertThat(wire.sending().refused()).isEqualTo(3);
        arrives(new byte[WireFrame.LEAST - 1]);
        arrives(new byte[200]);
        arrives(new byte[50]);
        MemorySegment[] small = {arena.allocate(100)};
        assertThat(wire.receive(header, small, 1)).isEqualTo(50);
        assertThat(wire.receiving().refused()).isEqualTo(2);
        assertThat(wire.receiving().units()).isEqualTo(50);
    }

    @Test
    void eachDirectionCarriesNothingWithoutItsFlowAndTheLinkIsUpWithEither() throws Exception {
        MemorySegment[] into = {arena.allocate(WireFrame.MOST)};
        assertThat(wire.isUp()).isFalse();
        assertThat(send(new byte[60], 0)).isFalse();
        assertThat(wire.receive(header, into, 1)).isEqualTo(NetPort.NOTHING);
        wire.receiving().attach(handed(in.readEnd()));
        assertThat(changed.drainPermits()).isEqualTo(1);
        assertThat(wire.isUp()).isTrue();
        assertThat(send(new byte[60], 0)).isFalse();
        wire.sending().attach(handed(out.writeEnd()));
        assertThat(send(new byte[60], 0)).isTrue();
        arrives(new byte[60]);
        wire.receiving().sever();
        assertThat(wire.receive(header, into, 1)).isEqualTo(NetPort.NOTHING);
        assertThat(wire.isUp()).isTrue();
        assertThat(changed.drainPermits()).isZero();
        wire.sending().sever();
        assertThat(changed.drainPermits()).isEqualTo(1);
        assertThat(wire.isUp()).isFalse();
        assertThat(send(new byte[60], 0)).isFalse();
    }

    @Test
    void severedEndIsClosedAndAnotherTakesItsPlace() throws Exception {
        wire.sending().attach(handed(out.writeEnd()));
        wire.receiving().attach(handed(in.readEnd()));
        wire.sending().sever();
        wire.receiving().sever();
        out.writeEnd().close();
        byte[] one = new byte[1];
        assertThat(Pipe.read(out.readEnd(), one, 0, 1)).isEqualTo(-1);
        out.close();
        out = Pipe.packets(QUEUE);
        wire.sending().attach(handed(out.writeEnd()));
        wire.receiving().attach(handed(in.readEnd()));
        readable.drainPermits();
        assertThat(send(new byte[60], 0)).isTrue();
        MemorySegment[] into = {arena.allocate(WireFrame.MOST)};
        assertThat(wire.receive(header, into, 1)).isEqualTo(NetPort.NOTHING);
        arrives(new byte[70]);
        assertThat(readable.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
        assertThat(wire.receive(header, into, 1)).isEqualTo(70);
    }
}
