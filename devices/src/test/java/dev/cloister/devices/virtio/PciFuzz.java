package dev.cloister.devices.virtio;

import dev.cloister.devices.MmioBus;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.pci.PciWindow;
import dev.cloister.devices.virtio.rng.RngDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * The fuzzer's target for the PCI bus with two functions on it: configuration space by ports and by ECAM, ranges moved anywhere and used
 * there. Nothing throws, nothing answers outside the bus's windows, and guest memory is left alone.
 */
public final class PciFuzz {
    private static final long WINDOW = 0xC000_0000L;
    private static final long WINDOW_BYTES = 0x1000_0000L;
    private static final long ECAM = 0xE000_0000L;
    private static final long[] ELSEWHERE = {0, QueueMemory.RAM, 0xB000_0000L, 0xE010_0000L, 0xFEC0_0000L, 0xFEE0_0000L
    };

    /** The reset register: nobody is reset. */
    static final class Nothing implements PortDevice {
        @Override
        public long read(int offset, int size) {
            return 0;
        }

        @Override
        public void write(int offset, int size, long value) {
            // Nobody.
        }
    }

    private PciFuzz() {}

    /** Plays an input. */
    public static void fuzzerTestOneInput(byte[] data) {
        try (QueueMemory m = new QueueMemory();
                VirtioPci first = new VirtioPci(rng(), m.memory, (_, _) -> {});
                VirtioPci second = new VirtioPci(rng(), m.memory, (_, _) -> {})) {
            PortBus ports = new PortBus();
            MmioBus mmio = new MmioBus();
            PciHost host = new PciHost(List.of(new PciWindow(WINDOW, WINDOW_BYTES)), _ -> _ -> {});
            host.attachTo(ports, new Nothing(), mmio, ECAM);
            host.attach(1, first.function());
            host.attach(2, second.function());
            byte[] before = m.copy();
            ByteBuffer in = ByteBuffer.wrap(Arrays.copyOf(data, Math.min(data.length, 4096)))
                    .order(ByteOrder.LITTLE_ENDIAN);
            while (in.remaining() >= 12) {
                step(in, ports, mmio);
                silence(mmio);
            }
            if (!Arrays.equals(before, m.copy())) {
                throw new AssertionError("memory was written, though no queue was ever served");
            }
        }
    }

    private static RngDevice rng() {
        return new RngDevice(into -> Arrays.fill(into, (byte) 2));
    }

    private static void step(ByteBuffer in, PortBus ports, MmioBus mmio) {
        int kind = in.get() & 0xff;
        int size = 1 << (in.get() & 3);
        int where = in.getShort() & 0xffff;
        long value = in.getLong();
        int small = Math.min(size, 4);
        long stored = value & -1L >>> Long.SIZE - 8 * size;
        // Slots 0 to 3: the host bridge, both functions, and nothing.
        long register = (where & 3L) << 15 | where >> 4 & 0xfff;
        switch (kind % 6) {
            case 0 -> ports.write(0xCF8, 4, 0x8000_0000L | (where & 3L) << 11 | where >> 4 & 0xfc);
            case 1 -> ports.write(0xCFC + (where & 4 - small), small, stored & 0xffff_ffffL);
            case 2 -> ports.read(0xCF8 + (where & 7), small);
            case 3 -> mmio.write(ECAM + register, size, stored);
            case 4 -> mmio.read(ECAM + register, size);
            default -> {
                long at = WINDOW + (value & WINDOW_BYTES - 1);
                mmio.write(at, small, where);
                mmio.read(at, size);
            }
        }
    }

    private static void silence(MmioBus mmio) {
        for (long at : ELSEWHERE) {
            if (mmio.read(at, 4) != 0xffff_ffffL) {
                throw new AssertionError("something answers at 0x" + Long.toHexString(at));
            }
        }
    }
}
