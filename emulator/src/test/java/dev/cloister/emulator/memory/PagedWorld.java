package dev.cloister.emulator.memory;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.GuestMemoryException;
import dev.cloister.mmu.PhysicalMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A processor's registers and guest memory for tests of paging: data from 0, tables at 1 GiB, a ROM, and a device elsewhere. */
final class PagedWorld implements DeviceWindow {
    static final int DATA_BYTES = 4 << 20;
    static final long TABLES = 0x4000_0000L;
    static final int TABLE_BYTES = 64 * 4096;
    static final long ROM = 0x8000_0000L;
    static final long WINDOW = 0x9000_0000L;
    static final long HOLE = 0xA000_0000L;

    final CpuState state = new CpuState();
    final MemorySegment data = Arena.ofAuto().allocate(DATA_BYTES, 4096);
    final MemorySegment tables = Arena.ofAuto().allocate(TABLE_BYTES, 4096);
    final MemorySegment rom = Arena.ofAuto().allocate(4096, 4096);
    final List<String> deviceLog = new ArrayList<>();
    final GuestMemory memory = GuestMemory.builder()
            .ram("data", 0, data)
            .ram("tables", TABLES, tables)
            .rom("rom", ROM, rom)
            .device("window", WINDOW, 4096, this)
            .build();

    @Override
    public long read(long gpa, int size) {
        deviceLog.add("r" + size + " " + Long.toHexString(gpa));
        return gpa * 0x0101_0101L & -1L >>> 64 - 8 * size;
    }

    @Override
    public void write(long gpa, int size, long value) {
        deviceLog.add("w" + size + " " + Long.toHexString(gpa) + " " + Long.toHexString(value));
    }

    void setCpl(int cpl) {
        state.segment(CpuState.SS).set(0x10 | cpl, 0, -1, 0xC093 | cpl << 5);
    }

    /** Guest memory as the reference sees it: what is no memory goes to the device. */
    PhysicalMemory bus() {
        return new Bus(this);
    }

    private record Bus(PagedWorld world) implements PhysicalMemory {
        private long get(long gpa, int size) {
            GuestMemory memory = world.memory;
            if (!memory.contains(gpa, size, false)) {
                return world.read(gpa, size);
            }
            return switch (size) {
                case 1 -> memory.readByte(gpa);
                case 2 -> memory.readShort(gpa);
                case 4 -> memory.readInt(gpa);
                default -> memory.readLong(gpa);
            };
        }

        private void put(long gpa, int size, long value) {
            GuestMemory memory = world.memory;
            if (!memory.contains(gpa, size, true)) {
                world.write(gpa, size, value & -1L >>> 64 - 8 * size);
                return;
            }
            switch (size) {
                case 1 -> memory.writeByte(gpa, (byte) value);
                case 2 -> memory.writeShort(gpa, (short) value);
                case 4 -> memory.writeInt(gpa, (int) value);
                default -> memory.writeLong(gpa, value);
            }
        }

        @Override
        public byte readByte(long gpa) {
            return (byte) get(gpa, 1);
        }

        @Override
        public short readShort(long gpa) {
            return (short) get(gpa, 2);
        }

        @Override
        public int readInt(long gpa) {
            return (int) get(gpa, 4);
        }

        @Override
        public long readLong(long gpa) {
            return get(gpa, 8);
        }

        @Override
        public void writeByte(long gpa, byte value) {
            put(gpa, 1, value);
        }

        @Override
        public void writeShort(long gpa, short value) {
            put(gpa, 2, value);
        }

        @Override
        public void writeInt(long gpa, int value) {
            put(gpa, 4, value);
        }

        @Override
        public void writeLong(long gpa, long value) {
            put(gpa, 8, value);
        }

        @Override
        public boolean compareAndSetInt(long gpa, int expected, int value) throws GuestMemoryException {
            return world.memory.compareAndSetInt(gpa, expected, value);
        }

        @Override
        public boolean compareAndSetLong(long gpa, long expected, long value) throws GuestMemoryException {
            return world.memory.compareAndSetLong(gpa, expected, value);
        }
    }
}
