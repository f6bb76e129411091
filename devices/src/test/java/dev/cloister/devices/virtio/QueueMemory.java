package dev.cloister.devices.virtio;

import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Guest memory for tests of queues: RAM, ROM and a device's registers, and byte-exact copies of all of it. */
public final class QueueMemory implements AutoCloseable {
    /** Where RAM is: 64 KiB. */
    public static final long RAM = 0x1_0000;

    /** Its size. */
    public static final int RAM_BYTES = 0x1_0000;

    /** Where ROM is: right behind RAM. */
    public static final long ROM = RAM + RAM_BYTES;

    static final int ROM_BYTES = 0x1000;
    static final long DEVICE = 0x8_0000;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment ram = arena.allocate(RAM_BYTES, 4096);
    private final MemorySegment rom = arena.allocate(ROM_BYTES, 4096);

    /** What a device's descriptors reach. */
    public final GuestMemory memory = GuestMemory.builder()
            .ram("RAM", RAM, ram)
            .rom("ROM", ROM, rom)
            .add(Region.device("registers", DEVICE, 0x1000, new DeviceWindow() {
                @Override
                public long read(long gpa, int size) {
                    throw new AssertionError("a queue reached a device's registers");
                }

                @Override
                public void write(long gpa, int size, long value) {
                    throw new AssertionError("a queue reached a device's registers");
                }
            }))
            .build();

    /** Copies everything: RAM, then ROM. */
    public byte[] copy() {
        byte[] bytes = new byte[RAM_BYTES + ROM_BYTES];
        MemorySegment.copy(ram, ValueLayout.JAVA_BYTE, 0, bytes, 0, RAM_BYTES);
        MemorySegment.copy(rom, ValueLayout.JAVA_BYTE, 0, bytes, RAM_BYTES, ROM_BYTES);
        return bytes;
    }

    /** Where in ROM something differs from a {@link #copy} made before; -1 where nothing does. */
    public int romMismatch(byte[] before) {
        byte[] now = copy();
        return Arrays.mismatch(before, RAM_BYTES, before.length, now, RAM_BYTES, now.length);
    }

    /** Fills RAM. */
    public void fill(byte[] bytes) {
        MemorySegment.copy(bytes, 0, ram, ValueLayout.JAVA_BYTE, 0, Math.min(bytes.length, RAM_BYTES));
    }

    @Override
    public void close() {
        arena.close();
    }
}
