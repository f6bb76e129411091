package dev.cloister.devices.virtio;

import dev.cloister.devices.MmioBus;
import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.ivshmem.IvshmemFunction;
import dev.cloister.devices.ivshmem.IvshmemMemory;
import dev.cloister.devices.ivshmem.IvshmemPeer;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.pci.PciWindow;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The fuzzer's target for the function of a channel: its configuration space, its registers, its vector and its memory, by a guest that knows where
 * they are and one that doesn't, with a peer that signals. Beside it stands a model of three registers and one vector that knows no bus:
 * whatever is read, rung, sent and driven is what the model says; memory changes only where the guest has stored, and moves only inside
 * the bus's windows.
 */
public final class IvshmemFuzz {
    private static final long WINDOW = 0xC000_0000L;
    private static final long WINDOW_BYTES = 0x1000_0000L;
    private static final long FUNCTION = 0xE000_0000L + (1 << 15);
    private static final int BYTES = 0x3000;
    private static final int RANGE = 0x4000;
    private static final int POSITION = 7;
    private static final int COMMAND = 4;
    private static final int MSIX = 0x40;

    private final ByteBuffer in;
    private final MmioBus mmio = new MmioBus();
    private final PciHost host;
    private final IvshmemFunction function;
    private final byte[] shared = new byte[RANGE];
    private final List<Integer> rings = new ArrayList<>();
    private final List<Long> messages = new ArrayList<>();
    private long base = -1;
    private int resets;
    private boolean pin;

    private byte[] expected = new byte[RANGE];
    private int mask;
    private int status;
    private final int[] vector = {0, 0, 0, 1};
    private boolean pending;
    private final List<Integer> expectedRings = new ArrayList<>();
    private final List<Long> expectedMessages = new ArrayList<>();
    private int expectedResets;

    private IvshmemFuzz(byte[] input) {
        in = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        host = new PciHost(List.of(new PciWindow(WINDOW, WINDOW_BYTES)), gsi -> level -> pin = gsi == 17 ? level : pin);
        host.attachTo(new PortBus(), new PciFuzz.Nothing(), mmio, 0xE000_0000L);
        IvshmemPeer peer = new IvshmemPeer() {
            @Override
            public void ring(int peer, int vector) {
                rings.add(peer << 16 | vector);
            }

            @Override
            public void reset() {
                resets++;
            }
        };
        function = new IvshmemFunction(
                POSITION,
                new IvshmemMemory(BYTES, new Memory(), gpa -> base = gpa),
                new Info(),
                peer,
                (address, data) -> messages.add(address << 32 | Integer.toUnsignedLong(data)));
        host.attach(1, function.function());
    }

    /** The memory, where the guest reaches it through the bus. */
    private final class Memory implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            return little(shared, (int) offset, size);
        }

        @Override
        public void write(long offset, int size, long value) {
            for (int i = 0; i < size; i++) {
                shared[(int) offset + i] = (byte) (value >>> 8 * i);
            }
        }
    }

    /** What lies behind the registers: read-only, and only where it is asked. */
    private static final class Info implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            require(
                    offset >= IvshmemFunction.INFO_OFFSET && offset + size <= 256,
                    "asked for " + size + " at " + offset);
            return offset * 0x0101_0101_0101_0101L;
        }

        @Override
        public void write(long offset, int size, long value) {
            throw new AssertionError("the information was written");
        }
    }

    /** What Jazzer runs; it finds the method by its name. */
    public static void fuzzerTestOneInput(byte[] data) {
        play(data);
    }

    /** Plays an input; returns how many interrupts reached the guest. */
    static int play(byte[] data) {
        IvshmemFuzz fuzz = new IvshmemFuzz(data);
        while (fuzz.in.remaining() >= 12) {
            fuzz.step();
            fuzz.compare();
        }
        return fuzz.messages.size();
    }

    private static long little(byte[] bytes, int at, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[at + i] & 0xffL) << 8 * i;
        }
        return value;
    }

    private static long cut(long value, int size) {
        return value & -1L >>> Long.SIZE - 8 * size;
    }

    private void step() {
        int kind = in.get() & 0xff;
        int size = 1 << (in.get() & 3);
        int where = in.getShort() & 0xffff;
        long value = in.getLong();
        switch (kind % 8) {
            case 0 -> registers(where % (0x100 - size + 1), size, value, kind > 0x7f);
            case 1 -> registers(where % 4 * 4, 4, value, kind > 0x7f);
            case 2 -> table(where % 0x1000, size, value);
            case 3 -> table(where % 4 * 4, 4, value % 2 == 0 ? value & 1 : value);
            case 4 -> memory(where % (RANGE - size + 1), size, value, kind > 0x7f);
            case 5 -> config(where % 0x100, size, value);
            case 6 -> command(kind, value);
            default -> signal(kind);
        }
    }

    /** What is usual: decoding on, MSI-X on or off, a range at a fresh place; or a reset of the machine. */
    private void command(int kind, long value) {
        switch (kind / 8 % 8) {
            case 0 -> mmio.write(FUNCTION + COMMAND, 2, value % 4 == 0 ? value & 0x407 : 2);
            case 1, 2 -> config(MSIX + 2, 2, value);
            case 3 -> mmio.write(FUNCTION + 0x10, 4, WINDOW + (value & 0xfff_0000));
            case 4 -> mmio.write(FUNCTION + 0x18, 8, WINDOW + (value & 0xfff_0000) | 0xc);
            case 5 -> {
                if (kind > 0xe0) {
                    reset();
                }
            }
            default -> config(MSIX + 2, 2, 0x8000);
        }
    }

    private void reset() {
        host.reset();
        expectedResets++;
        mask = 0;
        status = 0;
        pending = false;
        Arrays.fill(vector, 0);
        vector[3] = 1;
    }

    private boolean messages() {
        return (control() & 0x8000) != 0;
    }

    private int control() {
        return (int) mmio.read(FUNCTION + MSIX + 2, 2);
    }

    private boolean masked() {
        return (control() & 0x4000) != 0 || vector[3] != 0;
    }

    private void deliver() {
        if (pending && messages() && !masked()) {
            pending = false;
            expectedMessages.add(((long) vector[1] << 32 | Integer.toUnsignedLong(vector[0])) << 32
                    | Integer.toUnsignedLong(vector[2]));
        }
    }

    private void signal(int kind) {
        if (messages()) {
            pending = true;
        } else {
            status = 1;
        }
        function.interrupt();
        deliver();
    }

    private void config(int register, int size, long value) {
        long at = FUNCTION + Math.min(register, 0x100 - size);
        mmio.write(at, size, value);
        mmio.read(at, size);
        deliver();
    }

    private long bar(int register) {
        boolean decoding = (mmio.read(FUNCTION + COMMAND, 2) & 2) != 0;
        long at = mmio.read(FUNCTION + register, register == 0x18 ? 8 : 4) & ~0xfL;
        return decoding ? at : -1;
    }

    /** Whether a range answers: inside the window, and no range before it in the way. */
    private boolean answers(int register, int bytes) {
        long at = bar(register);
        boolean answers = at >= WINDOW && at <= WINDOW + WINDOW_BYTES - bytes;
        for (int other = 0x10; other < register && answers; other += 4) {
            long first = bar(other);
            int length = other == 0x10 ? 256 : 0x1000;
            boolean there = answers(other, length);
            answers = !there || first + length <= at || first >= at + bytes;
        }
        return answers;
    }

    private void registers(int offset, int size, long value, boolean write) {
        if (!answers(0x10, 256)) {
            return;
        }
        long at = bar(0x10) + offset;
        if (!write) {
            require(mmio.read(at, size) == cut(reads(offset, size), size), "register " + offset + " of " + size);
            return;
        }
        mmio.write(at, size, value);
        if (size == 4 && offset == 0) {
            mask = (int) value & 1;
        } else if (size == 4 && offset == 4) {
            status = (int) value & 1;
        } else if (size == 4 && offset == 12) {
            expectedRings.add((int) value);
        }
    }

    private long reads(int offset, int size) {
        if (offset >= IvshmemFunction.INFO_OFFSET) {
            return offset * 0x0101_0101_0101_0101L;
        }
        int was = status;
        if (size == 4 && offset == 4) {
            status = 0;
        }
        return size != 4 ? 0 : offset == 0 ? mask : offset == 4 ? was : offset == 8 ? POSITION : 0;
    }

    private void table(int offset, int size, long value) {
        int at = Math.min(offset, 0x1000 - size);
        if (!answers(0x14, 0x1000)) {
            return;
        }
        mmio.write(bar(0x14) + at, size, value);
        for (int i = 0; i < size && size >= 4 && at % size == 0; i += 4) {
            int word = (at + i) / 4;
            if (word < 4) {
                vector[word] = (int) (value >>> 8 * i) & (word == 0 ? ~3 : word == 3 ? 1 : -1);
                deliver();
            }
        }
        long there = mmio.read(bar(0x14) + at / 4 * 4, 4);
        long pendingBit = at / 4 * 4 == 0x800 && pending ? 1 : 0;
        require(there == (at < 16 ? Integer.toUnsignedLong(vector[at / 4]) : pendingBit), "the vectors at " + at);
    }

    private void memory(int offset, int size, long value, boolean write) {
        require((base >= 0) == answers(0x18, RANGE), "the memory is at " + base);
        if (base < 0) {
            return;
        }
        require(base == bar(0x18), "the memory is at another place");
        if (write) {
            mmio.write(base + offset, size, value);
            for (int i = 0; i < size; i++) {
                expected[offset + i] = (byte) (value >>> 8 * i);
            }
        }
        require(mmio.read(base + offset, size) == little(expected, offset, size), "the memory at " + offset);
    }

    private void compare() {
        require(Arrays.equals(shared, expected), "the memory has changed by itself");
        require(rings.equals(expectedRings), "rang " + rings + "; expected " + expectedRings);
        require(messages.equals(expectedMessages), "sent " + messages + "; expected " + expectedMessages);
        require(resets == expectedResets, "the peer was reset " + resets + " times");
        boolean disabled = (mmio.read(FUNCTION + COMMAND, 2) & 0x400) != 0;
        require(pin == ((status & mask) != 0 && !disabled), "the pin is " + pin);
        require(base < 0 || base >= WINDOW && base <= WINDOW + WINDOW_BYTES - RANGE, "the memory is at " + base);
        require(mmio.failures().isEmpty(), "a device failed: " + mmio.failures());
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }
}
