package dev.cloister.devices;

import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.GuestMemoryException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What firmware for virtual machines asks of its machine: numbered items and named files behind ports, as QEMU's documentation of
 * {@code fw_cfg} has them (docs/specs/fw_cfg). The guest selects an item by its 16-bit number and reads it byte by byte, or has it put
 * into its memory as a whole (DMA); behind its end, and of an item that isn't there, it reads zeros. Nothing can be written. Any thread.
 */
public final class FirmwareConfig implements PortDevice {
    /** The selector, 16 bits; data is at the next port, the address of a DMA command at offset 4. */
    public static final int PORT = 0x510;

    /** How many ports it takes. */
    public static final int PORTS = 12;

    private static final int DATA = 1;
    private static final int DMA_HIGH = 4;
    private static final int DMA_LOW = 8;
    private static final int SIGNATURE = 0x00;
    private static final int FEATURES = 0x01;
    private static final int PROCESSORS = 0x05;
    private static final int MOST_PROCESSORS = 0x0F;
    private static final int DIRECTORY = 0x19;
    private static final int FIRST_FILE = 0x20;
    private static final int NAME_BYTES = 56;
    private static final int ENTRY_BYTES = 64;
    /** The traditional interface and DMA. */
    private static final byte[] INTERFACES = {3, 0, 0, 0};

    private static final byte[] DMA_SIGNATURE = "QEMU CFG".getBytes(StandardCharsets.US_ASCII);
    private static final int COMMAND_BYTES = 16;
    private static final int DMA_ERROR = 1;
    private static final int DMA_READ = 1 << 1;
    private static final int DMA_SKIP = 1 << 2;
    private static final int DMA_SELECT = 1 << 3;
    private static final int DMA_WRITE = 1 << 4;
    private static final MemorySegment NONE = MemorySegment.ofArray(new byte[0]);
    private static final MemorySegment ZEROS =
            MemorySegment.ofArray(new byte[1 << 16]).asReadOnly();

    private record Item(long bytes, Supplier<MemorySegment> content) {}

    private final GuestMemory memory;
    private final Map<Integer, Item> items = new LinkedHashMap<>();
    private final List<String> names = new ArrayList<>();
    private final MemorySegment command = MemorySegment.ofArray(new byte[COMMAND_BYTES]);
    private MemorySegment selected = NONE;
    private long position;
    private long commandHigh;

    /**
     * The items that every machine has.
     *
     * @param processors number of processors, 1 to 255
     * @param memory the guest's, for DMA
     */
    public FirmwareConfig(int processors, GuestMemory memory) {
        this.memory = memory;
        item(SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
        item(FEATURES, INTERFACES);
        item(PROCESSORS, new byte[] {(byte) processors, 0});
        item(MOST_PROCESSORS, new byte[] {(byte) processors, 0});
        item(DIRECTORY, directory());
    }

    /**
     * Adds a file, before the guest runs.
     *
     * @param name up to 55 ASCII characters, not used before
     * @param content its bytes
     * @return this
     */
    public FirmwareConfig file(String name, byte[] content) {
        byte[] copy = content.clone();
        return file(name, copy.length, () -> copy);
    }

    /**
     * Adds a file that is made anew each time the guest selects it, before the guest runs.
     *
     * @param name up to 55 ASCII characters, not used before
     * @param bytes how many it has, always
     * @param content makes it
     * @return this
     */
    public FirmwareConfig file(String name, int bytes, Supplier<byte[]> content) {
        if (name.length() >= NAME_BYTES || names.contains(name)) {
            throw new IllegalArgumentException(
                    "firmware file " + name + ": expected a new name of at most 55 characters");
        }
        items.put(FIRST_FILE + names.size(), new Item(bytes, () -> MemorySegment.ofArray(content.get())));
        names.add(name);
        item(DIRECTORY, directory());
        return this;
    }

    /**
     * Adds an item by its number, before the guest runs.
     *
     * @param number its number, below that of the first file
     * @param content its bytes, which must not change
     * @return this
     */
    public FirmwareConfig item(int number, MemorySegment content) {
        items.put(number, new Item(content.byteSize(), () -> content));
        return this;
    }

    private void item(int number, byte[] content) {
        item(number, MemorySegment.ofArray(content));
    }

    /** Count, then size, number and name of each file; numbers big-endian. */
    private byte[] directory() {
        ByteBuffer list = ByteBuffer.allocate(Integer.BYTES + ENTRY_BYTES * names.size());
        list.putInt(names.size());
        for (int i = 0; i < names.size(); i++) {
            byte[] name = names.get(i).getBytes(StandardCharsets.US_ASCII);
            int start = list.position();
            Item item = items.get(FIRST_FILE + i);
            list.putInt(item == null ? 0 : (int) item.bytes());
            list.putShort((short) (FIRST_FILE + i)).putShort((short) 0);
            list.put(name);
            list.position(start + ENTRY_BYTES);
        }
        return list.array();
    }

    @Override
    public synchronized long read(int offset, int size) {
        if (offset >= DMA_HIGH) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (DMA_SIGNATURE[offset - DMA_HIGH + i] & 0xFFL) << Byte.SIZE * i;
            }
            return value;
        }
        return offset == DATA && size == 1 && position < selected.byteSize()
                ? selected.get(ValueLayout.JAVA_BYTE, position++) & 0xff
                : 0;
    }

    @Override
    public synchronized void write(int offset, int size, long value) {
        if (offset == 0 && size == Short.BYTES) {
            select((int) value & 0xffff);
        } else if (offset == DMA_HIGH && size == Integer.BYTES) {
            commandHigh = Integer.toUnsignedLong(Integer.reverseBytes((int) value)) << Integer.SIZE;
        } else if (offset == DMA_LOW && size == Integer.BYTES) {
            long gpa = commandHigh | Integer.toUnsignedLong(Integer.reverseBytes((int) value));
            commandHigh = 0;
            carryOut(gpa);
        }
    }

    private void select(int number) {
        Item item = items.get(number);
        selected = item == null ? NONE : item.content().get();
        position = 0;
    }

    /** Control, length and address, big-endian; the control word becomes the outcome. A command outside memory is none. */
    private void carryOut(long gpa) {
        if (!memory.contains(gpa, COMMAND_BYTES, true)) {
            return;
        }
        memory.copyOut(gpa, command);
        ByteBuffer fields = command.asByteBuffer();
        int control = fields.getInt();
        long length = Integer.toUnsignedLong(fields.getInt());
        long target = fields.getLong();
        if ((control & DMA_SELECT) != 0) {
            select(control >>> Short.SIZE);
        }
        memory.writeInt(gpa, transfer(control, length, target) ? 0 : Integer.reverseBytes(DMA_ERROR));
    }

    /** Returns whether it went well. */
    private boolean transfer(int control, long length, long target) {
        if ((control & DMA_READ) != 0) {
            return put(target, length);
        }
        if ((control & DMA_WRITE) != 0) {
            return false;
        }
        if ((control & DMA_SKIP) != 0) {
            position = Math.min(position + length, selected.byteSize());
        }
        return true;
    }

    private boolean put(long target, long length) {
        if (!memory.contains(target, length, true)) {
            return false;
        }
        try {
            long here = Math.min(length, selected.byteSize() - position);
            memory.copyIn(target, selected.asSlice(position, here));
            position += here;
            for (long done = here; done < length; ) {
                long step = Math.min(length - done, ZEROS.byteSize());
                memory.copyIn(target + done, ZEROS.asSlice(0, step));
                done += step;
            }
            return true;
        } catch (GuestMemoryException e) {
            // Memory that went away meanwhile: the guest's own doing.
            return false;
        }
    }
}
