package dev.cloister.devices;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A parallel NOR flash chip with the Intel/Sharp command set and the Common Flash Interface (JEDEC JESD68.01; Intel StrataFlash Memory J3
 * data sheet 308551, 9.1): eight bits wide, in blocks of 4 KiB, as UEFI firmware finds it for its variables on QEMU's PCs. Reading gives
 * the array, or after a command status, identifiers or the CFI table; programming clears bits; erasing a block sets them. Each operation
 * is done when its last command is written. An access of several bytes is as many cycles, the lowest address first. Clearing the status
 * also clears the ready bit, until the next operation, and reads as the array again: the one liberty of QEMU's chip that firmware needs.
 *
 * <p>Not there: the write buffer (0xE8; the table says so), block locks, suspending. Thread-safe; allocates nothing on an access.
 */
public final class CfiFlash implements MmioDevice {
    /** Bytes of a block. */
    public static final int BLOCK_BYTES = 4096;

    private static final int READ_ARRAY = 0xFF;
    private static final int READ_STATUS = 0x70;
    private static final int CLEAR_STATUS = 0x50;
    private static final int READ_IDENTIFIERS = 0x90;
    private static final int READ_QUERY = 0x98;
    private static final int PROGRAM = 0x40;
    private static final int PROGRAM_TOO = 0x10;
    private static final int ERASE = 0x20;
    private static final int CONFIRM = 0xD0;

    private static final int READY = 0x80;
    /** Both error bits: a sequence of commands that is none. */
    private static final int SEQUENCE_ERROR = 0x30;

    private static final int INTEL = 0x89;
    private static final int J3_64_MBIT = 0x17;
    private static final byte ERASED = (byte) 0xFF;
    private static final int QUERY_FROM = 0x10;

    private final MemorySegment array;
    private final byte[] query;
    private int command = READ_ARRAY;
    private int status = READY;

    /**
     * A chip in the state after power-on: it reads as its array.
     *
     * @param array what it holds, in place: what the guest programs and erases is there at once
     * @throws IllegalArgumentException if that is empty or no multiple of {@link #BLOCK_BYTES}, or has more than 65536 blocks
     */
    public CfiFlash(MemorySegment array) {
        long blocks = array.byteSize() / BLOCK_BYTES;
        if (array.byteSize() % BLOCK_BYTES != 0 || blocks < 1 || blocks > 1 << Short.SIZE) {
            throw new IllegalArgumentException("flash memory of " + array.byteSize()
                    + " bytes; expected 1 to 65536 blocks of " + BLOCK_BYTES + " bytes");
        }
        this.array = array;
        this.query = table((int) blocks);
    }

    /** The CFI table from 0x10 on, by JESD68.01: identification, system interface, geometry, and Intel's own table. */
    private static byte[] table(int blocks) {
        int power = Integer.SIZE - Integer.numberOfLeadingZeros(blocks * BLOCK_BYTES - 1);
        int last = blocks - 1;
        int[] values = {
            'Q',
            'R',
            'Y',
            0x01,
            0x00,
            0x31,
            0x00,
            0x00,
            0x00,
            0x00,
            0x00, // Intel's command set, its table at 0x31
            0x45,
            0x55,
            0x00,
            0x00,
            0x07,
            0x00,
            0x0A,
            0x00,
            0x04,
            0x00,
            0x04,
            0x00, // 4.5 to 5.5 V; typical and longest times
            power,
            0x00,
            0x00,
            0x00,
            0x00,
            0x01,
            last & 0xFF,
            last >>> 8,
            BLOCK_BYTES >>> 8 & 0xFF,
            BLOCK_BYTES >>> 16,
            'P',
            'R',
            'I',
            '1',
            '0',
            0x00,
            0x00,
            0x00,
            0x00
        };
        byte[] table = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            table[i] = (byte) values[i];
        }
        return table;
    }

    @Override
    public synchronized long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) cycle(offset + i) << (Byte.SIZE * i);
        }
        return value;
    }

    private int cycle(long offset) {
        return switch (command) {
            case READ_ARRAY -> Byte.toUnsignedInt(array.get(ValueLayout.JAVA_BYTE, offset));
            case READ_IDENTIFIERS -> identifier((int) (offset % BLOCK_BYTES));
            case READ_QUERY -> queried((int) (offset % BLOCK_BYTES) - QUERY_FROM);
            default -> status;
        };
    }

    private static int identifier(int at) {
        return switch (at) {
            case 0 -> INTEL;
            case 1 -> J3_64_MBIT;
            default -> 0;
        };
    }

    private int queried(int at) {
        return at >= 0 && at < query.length ? Byte.toUnsignedInt(query[at]) : 0;
    }

    @Override
    public synchronized void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            cycle(offset + i, (int) (value >>> (Byte.SIZE * i)) & 0xFF);
        }
    }

    private void cycle(long offset, int value) {
        switch (command) {
            case PROGRAM, PROGRAM_TOO -> {
                byte old = array.get(ValueLayout.JAVA_BYTE, offset);
                array.set(ValueLayout.JAVA_BYTE, offset, (byte) (old & value));
                status |= READY;
                command = READ_STATUS;
            }
            case ERASE -> {
                status |= READY;
                if (value == CONFIRM) {
                    array.asSlice(offset - offset % BLOCK_BYTES, BLOCK_BYTES).fill(ERASED);
                } else {
                    status |= SEQUENCE_ERROR;
                }
                command = READ_STATUS;
            }
            default -> begin(value);
        }
    }

    /** The first cycle of a command; what is none brings the array back. */
    private void begin(int value) {
        switch (value) {
            case READ_STATUS, READ_IDENTIFIERS, READ_QUERY, PROGRAM, PROGRAM_TOO, ERASE -> command = value;
            case CLEAR_STATUS -> {
                // Not READY, as the data sheet has it: by this 0 UEFI's driver tells QEMU's chip from RAM and ROM.
                status = 0;
                command = READ_ARRAY;
            }
            default -> command = READ_ARRAY;
        }
    }
}
