package dev.cloister.devices;

import dev.cloister.devices.timer.Reminder;
import java.time.Clock;
import java.util.Objects;

/**
 * CMOS memory with its real-time clock at ports 0x70 (index, write-only; bit 7 masks NMI) and 0x71 (data).
 *
 * <p>Registers 0x00 to 0x0D are the clock of an MC146818 (Motorola data sheet, "Register A" to "Register D" and "Update cycle"), see
 * {@link RealTimeClock}. The others are memory, filled as QEMU does for SeaBIOS: base memory in 0x15/0x16 (KiB), memory above 1 MiB in
 * 0x17/0x18 and 0x30/0x31 (KiB, at most 65535), memory above 16 MiB and below 4 GiB in 0x34/0x35 (64 KiB units), memory above 4 GiB in
 * 0x5B to 0x5D (64 KiB units), processors beyond the first in 0x5F, equipment in 0x14, boot order in 0x3D and 0x38, the century in
 * 0x32, and the checksum of 0x10 to 0x2D in 0x2E/0x2F. The guest may overwrite them.
 *
 * <p>Interrupt {@link #IRQ} is high while a cause that register B enables is set in register C. Safe for use by several threads.
 */
public final class Cmos implements ByteDevice {
    /** First port. */
    public static final int PORT = 0x70;
    /** How many ports it takes. */
    public static final int PORTS = 2;
    /** The interrupt line of a PC's clock. */
    public static final int IRQ = 8;

    private static final int BYTES = 128;
    private static final int INDEX_MASK = BYTES - 1;
    private static final int NMI_MASKED = 0x80;
    private static final int UNREADABLE = 0xFF;
    private static final int EQUIPMENT = 0x14;
    private static final int BASE_MEMORY = 0x15;
    private static final int EXTENDED_MEMORY = 0x17;
    private static final int CHECKSUM_FIRST = 0x10;
    private static final int CHECKSUM_LAST = 0x2D;
    private static final int CHECKSUM = 0x2E;
    private static final int EXTENDED_MEMORY_AGAIN = 0x30;
    private static final int MEMORY_ABOVE_16M = 0x34;
    private static final int BOOT_THIRD = 0x38;
    private static final int BOOT_FIRST_TWO = 0x3D;
    private static final int MEMORY_ABOVE_4G = 0x5B;
    private static final int MORE_PROCESSORS = 0x5F;
    private static final int WITH_COPROCESSOR = 0x02;
    private static final int BASE_MEMORY_KIB = 640;
    private static final int NO_FLOPPY_SIGNATURE_CHECK = 0x01;
    private static final long KIB = 1L << 10;
    private static final long MIB = 1L << 20;
    private static final long UNIT = 1L << 16;
    private static final long LARGEST_16_BIT = 0xFFFF;
    private static final long LARGEST_24_BIT = 0xFF_FFFF;

    private final byte[] memory = new byte[BYTES];
    private final RealTimeClock clock;
    private int index;
    private boolean nmiMasked;

    /** What firmware tries to boot from (CMOS 0x38 and 0x3D, as Bochs and SeaBIOS number them). */
    public enum BootDevice {
        /** Nothing. */
        NONE,
        /** The first floppy disk. */
        FLOPPY,
        /** The first hard disk. */
        DISK,
        /** The first CD-ROM. */
        CDROM,
        /** The network. */
        NETWORK
    }

    /**
     * What firmware is to find.
     *
     * @param bytesBelow4G guest memory from address 0 on, below 4 GiB
     * @param bytesAbove4G guest memory from 4 GiB on
     * @param processors number of processors, 1 to 256
     * @param first boot device to try first
     * @param second boot device to try second
     * @param third boot device to try third
     */
    public record Machine(
            long bytesBelow4G,
            long bytesAbove4G,
            int processors,
            BootDevice first,
            BootDevice second,
            BootDevice third) {
        /**
         * Checks the numbers.
         *
         * @param bytesBelow4G guest memory below 4 GiB
         * @param bytesAbove4G guest memory above 4 GiB
         * @param processors number of processors
         * @param first boot device to try first
         * @param second boot device to try second
         * @param third boot device to try third
         */
        public Machine {
            if (bytesBelow4G < 0 || bytesBelow4G > 1L << 32 || bytesAbove4G < 0 || processors < 1 || processors > 256) {
                throw new IllegalArgumentException(
                        "machine with " + bytesBelow4G + " bytes below 4 GiB, " + bytesAbove4G + " above and "
                                + processors + " processors; expected at most 4 GiB below and 1 to 256 processors");
            }
        }

        /**
         * A machine that boots from its first disk.
         *
         * @param bytesBelow4G guest memory below 4 GiB
         * @param bytesAbove4G guest memory above 4 GiB
         * @param processors number of processors, 1 to 256
         */
        public Machine(long bytesBelow4G, long bytesAbove4G, int processors) {
            this(bytesBelow4G, bytesAbove4G, processors, BootDevice.DISK, BootDevice.NONE, BootDevice.NONE);
        }
    }

    /**
     * CMOS of a machine.
     *
     * @param machine what firmware is to find
     * @param time where the time comes from; the guest sees UTC
     * @param line interrupt {@link #IRQ}
     * @param timers what the clock wakes by
     */
    public Cmos(Machine machine, Clock time, InterruptLine line, Reminder.Source timers) {
        clock = new RealTimeClock(Objects.requireNonNull(time), memory, line, timers.reminder(this::remind));
        fillMemorySizes(machine);
        memory[EQUIPMENT] = WITH_COPROCESSOR;
        memory[MORE_PROCESSORS] = (byte) (machine.processors() - 1);
        memory[BOOT_FIRST_TWO] =
                (byte) (machine.first().ordinal() | machine.second().ordinal() << 4);
        memory[BOOT_THIRD] = (byte) (NO_FLOPPY_SIGNATURE_CHECK | machine.third().ordinal() << 4);
        int sum = 0;
        for (int i = CHECKSUM_FIRST; i <= CHECKSUM_LAST; i++) {
            sum += memory[i] & 0xFF;
        }
        memory[CHECKSUM] = (byte) (sum >>> 8);
        memory[CHECKSUM + 1] = (byte) sum;
    }

    private void fillMemorySizes(Machine machine) {
        long below = machine.bytesBelow4G();
        put(BASE_MEMORY, Math.min(BASE_MEMORY_KIB, below / KIB), 2);
        long extended = Math.clamp((below - MIB) / KIB, 0, LARGEST_16_BIT);
        put(EXTENDED_MEMORY, extended, 2);
        put(EXTENDED_MEMORY_AGAIN, extended, 2);
        put(MEMORY_ABOVE_16M, Math.clamp((below - 16 * MIB) / UNIT, 0, LARGEST_16_BIT), 2);
        put(MEMORY_ABOVE_4G, Math.min(machine.bytesAbove4G() / UNIT, LARGEST_24_BIT), 3);
    }

    private void put(int first, long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            memory[first + i] = (byte) (value >>> (8 * i));
        }
    }

    private synchronized void remind() {
        clock.remind();
    }

    /**
     * Whether the guest masks NMI.
     *
     * @return bit 7 of the last index written
     */
    public synchronized boolean isNmiMasked() {
        return nmiMasked;
    }

    @Override
    public synchronized int readByte(int offset) {
        if (offset == 0) {
            return UNREADABLE;
        }
        return RealTimeClock.owns(index) ? clock.read(index) : memory[index] & 0xFF;
    }

    @Override
    public synchronized void writeByte(int offset, int value) {
        if (offset == 0) {
            index = value & INDEX_MASK;
            nmiMasked = (value & NMI_MASKED) != 0;
        } else if (RealTimeClock.owns(index)) {
            clock.write(index, value);
        } else {
            memory[index] = (byte) value;
        }
    }
}
