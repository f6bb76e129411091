package dev.cloister.devices;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * What processor test programs find behind QEMU's {@code pc-testdev}: interrupt lines that the guest drives itself, a port that gives
 * back what was written, a port that in QEMU drops a page's host mapping, and memory that only devices' accesses reach. A machine has
 * it only where it is asked for. Any thread.
 */
public final class TestDevice {
    /** Four ports that give back what was written, whatever the width. */
    public static final int ECHO_PORT = 0xE0;
    /** A 32-bit write names a page whose mapping in the host is to be dropped; here none is kept, so it does nothing. Reads give 0. */
    public static final int FLUSH_PORT = 0xE4;
    /** The same four bytes as at {@link #ECHO_PORT} once more. */
    public static final int SECOND_ECHO_PORT = 0xE8;
    /** A byte written to this port plus n drives the line of GSI n: 0 low, else high. */
    public static final int LINES_PORT = 0x2000;
    /** Where the memory is, by guest-physical address. */
    public static final long MEMORY_BASE = 0xFF00_0000L;
    /** How many bytes it has. */
    public static final int MEMORY_BYTES = 0x1_0000;

    private static final int PORTS = 4;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final List<InterruptLine> lines = new ArrayList<>();
    private int echoed;

    /**
     * A test device.
     *
     * @param line gives the line of a GSI
     * @param count how many GSIs there are
     */
    public TestDevice(IntFunction<InterruptLine> line, int count) {
        for (int gsi = 0; gsi < count; gsi++) {
            lines.add(line.apply(gsi));
        }
    }

    /**
     * Puts it on the buses.
     *
     * @param ports the port bus
     * @param mmio the bus of memory-mapped devices
     */
    public void attachTo(PortBus ports, MmioBus mmio) {
        ports.attach(ECHO_PORT, PORTS, new Echo(), "test device");
        ports.attach(FLUSH_PORT, PORTS, new Flush(), "test device, mappings");
        ports.attach(SECOND_ECHO_PORT, PORTS, new Echo(), "test device, again");
        ports.attach(LINES_PORT, lines.size(), new Lines(), "test device, lines");
        mmio.attach(MEMORY_BASE, MEMORY_BYTES, new Memory(), "test device, memory");
    }

    private final class Echo implements PortDevice {
        @Override
        public long read(int offset, int size) {
            synchronized (TestDevice.this) {
                return echoed >>> Byte.SIZE * offset;
            }
        }

        @Override
        public void write(int offset, int size, long value) {
            long mask = (1L << Byte.SIZE * size) - 1;
            int shift = Byte.SIZE * offset;
            synchronized (TestDevice.this) {
                echoed = (int) (echoed & ~(mask << shift) | (value & mask) << shift);
            }
        }
    }

    private static final class Flush implements PortDevice {
        @Override
        public long read(int offset, int size) {
            return 0;
        }

        @Override
        public void write(int offset, int size, long value) {
            // Guest memory is reached without a mapping of the VMM's that could be dropped.
        }
    }

    private final class Lines implements ByteDevice {
        @Override
        public int readByte(int offset) {
            return 0;
        }

        @Override
        public void writeByte(int offset, int value) {
            lines.get(offset).setLevel(value != 0);
        }
    }

    private static final class Memory implements MmioDevice {
        private final MemorySegment bytes = Arena.ofAuto().allocate(MEMORY_BYTES);

        @Override
        public long read(long offset, int size) {
            return switch (size) {
                case Byte.BYTES -> bytes.get(ValueLayout.JAVA_BYTE, offset);
                case Short.BYTES -> bytes.get(SHORT, offset);
                case Integer.BYTES -> bytes.get(INT, offset);
                default -> bytes.get(LONG, offset);
            };
        }

        @Override
        public void write(long offset, int size, long value) {
            switch (size) {
                case Byte.BYTES -> bytes.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
                case Short.BYTES -> bytes.set(SHORT, offset, (short) value);
                case Integer.BYTES -> bytes.set(INT, offset, (int) value);
                default -> bytes.set(LONG, offset, value);
            }
        }
    }
}
