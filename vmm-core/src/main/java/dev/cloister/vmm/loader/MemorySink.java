package dev.cloister.vmm.loader;

import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import java.lang.foreign.MemorySegment;

/**
 * The RAM of a {@link GuestMemory}, and host memory behind one ROM.
 *
 * @param memory guest memory
 * @param romGpa first address of the ROM
 * @param rom the ROM's host memory; empty for none
 */
record MemorySink(GuestMemory memory, long romGpa, MemorySegment rom) implements GuestSink {
    @Override
    public boolean contains(long gpa, long length) {
        return memory.contains(gpa, length, true) || inRom(gpa, length);
    }

    @Override
    public void write(long gpa, MemorySegment source) {
        require(gpa, source.byteSize());
        if (inRom(gpa, source.byteSize())) {
            rom.asSlice(gpa - romGpa, source.byteSize()).copyFrom(source);
        } else {
            memory.copyIn(gpa, source);
        }
    }

    @Override
    public void zero(long gpa, long length) {
        require(gpa, length);
        if (inRom(gpa, length)) {
            rom.asSlice(gpa - romGpa, length).fill((byte) 0);
            return;
        }
        for (Region each : memory.regions()) {
            long start = Math.max(gpa, each.gpa());
            long end = Math.min(gpa + length, each.end());
            if (start < end) {
                each.host().asSlice(start - each.gpa(), end - start).fill((byte) 0);
            }
        }
    }

    private boolean inRom(long gpa, long length) {
        return gpa >= romGpa && length > 0 && length <= rom.byteSize() && gpa - romGpa <= rom.byteSize() - length;
    }

    private void require(long gpa, long length) {
        if (!contains(gpa, length)) {
            throw new IndexOutOfBoundsException("guest memory has no " + Plan.range(gpa, length));
        }
    }
}
