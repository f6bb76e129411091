package dev.cloister.vmm.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryMapTest {
    private static final long GIB = 1L << 30;

    @Test
    void ramThatDoesNotFitBelowTheHoleContinuesAt4Gib() {
        MemoryMap map = MemoryMap.pc(5 * GIB);
        assertThat(map.isRam(0, 0x9fc00)).isTrue();
        assertThat(map.isRam(0x9fc00, 1)).isFalse();
        assertThat(map.isRam(0xf_0000, 1)).isFalse();
        assertThat(map.isRam(0x10_0000, 3 * GIB - 0x10_0000)).isTrue();
        assertThat(map.isRam(3 * GIB, 1)).isFalse();
        assertThat(map.isRam(0xd000_0000L, 1)).isFalse();
        assertThat(map.isRam(4 * GIB, 2 * GIB)).isTrue();
        assertThat(map.isRam(6 * GIB, 1)).isFalse();
    }

    @Test
    void smallGuestsHaveNoHighRam() {
        assertThat(MemoryMap.pc(64 << 10).isRam(0, 64 << 10)).isTrue();
        assertThat(MemoryMap.pc(64 << 10).isRam(64 << 10, 1)).isFalse();
        assertThat(MemoryMap.pc(1 << 20).isRam(0x10_0000, 1)).isFalse();
    }

    @Test
    void rangesMustAscendWithoutOverlap() {
        MemoryRange low = new MemoryRange(0, 0x2000, MemoryRange.Kind.RAM);
        MemoryRange next = new MemoryRange(0x1000, 0x2000, MemoryRange.Kind.RAM);
        assertThatThrownBy(() -> new MemoryMap(List.of(low, next))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MemoryMap(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MemoryRange(Long.MAX_VALUE, 1, MemoryRange.Kind.RAM))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void guestMemoryIsFilledThroughItsSinkAndRomOnlyBehindIt() {
        MemorySegment ram = Arena.ofAuto().allocate(8192, 4096);
        MemorySegment rom = Arena.ofAuto().allocate(4096, 4096);
        GuestMemory memory = GuestMemory.builder()
                .ram("low", 0, ram.asSlice(0, 4096))
                .ram("next", 4096, ram.asSlice(4096))
                .rom("rom", 0xffff_f000L, rom)
                .build();
        GuestSink sink = GuestSink.withRom(memory, 0xffff_f000L, rom);
        MemorySegment two = MemorySegment.ofArray(new byte[] {1, 2});
        sink.write(4095, two);
        assertThat(memory.readByte(4096)).isEqualTo((byte) 2);
        sink.zero(4096, 1);
        assertThat(memory.readByte(4096)).isZero();
        assertThat(memory.readByte(4095)).isEqualTo((byte) 1);
        sink.write(0xffff_f010L, two);
        assertThat(memory.readByte(0xffff_f011L)).isEqualTo((byte) 2);
        assertThat(GuestSink.of(memory).contains(0xffff_f010L, 2)).isFalse();
        assertThatThrownBy(() -> sink.write(8191, two)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> sink.write(0xffff_ffffL, two)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
