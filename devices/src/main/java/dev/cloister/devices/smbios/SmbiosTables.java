package dev.cloister.devices.smbios;

import java.util.List;

/**
 * The SMBIOS 3.0 entry point with its structures right behind it (DMTF DSP0134, 5.2.2 and chapter 7): BIOS, system, enclosure, a
 * processor for each of the guest's, memory, boot status. Nothing in them tells two guests of the same size apart.
 */
public final class SmbiosTables {
    /** The entry point is found where an address is a multiple of this, from 0xF0000 to 0xFFFFF. */
    public static final int ALIGNMENT = 16;

    private static final int ENTRY_BYTES = 24;
    private static final int STRUCTURES_AT = 32;
    private static final String MAKER = "Cloister";
    private static final String PRODUCT = "Cloister PC";
    private static final String VERSION = "1";
    /** Not the build's: guests of the same machine find the same. Linux takes machines from before 2001 for broken. */
    private static final String DATE = "01/01/2026";

    private static final int NONE = 0xFFFE;
    private static final int NO_CACHE = 0xFFFF;
    private static final int UNKNOWN_SHORT = 0xFFFF;
    private static final int EXTENDED_SIZE = 0x7FFF;
    private static final int KIB_SHIFT = 10;
    private static final int MIB_SHIFT = 20;
    private static final int PROCESSOR_HANDLE = 0x400;
    private static final int ARRAY_HANDLE = 0x1000;
    private static final int DEVICE_HANDLE = 0x1100;
    private static final int MAPPED_HANDLE = 0x1300;

    private SmbiosTables() {}

    /**
     * A range of the guest's RAM.
     *
     * @param gpa its first guest-physical address, a multiple of 1024
     * @param bytes how many, a multiple of 1024 above 0
     */
    public record Memory(long gpa, long bytes) {}

    /**
     * Makes the tables.
     *
     * @param gpa where they will lie: a multiple of {@link #ALIGNMENT}
     * @param processors how many there are
     * @param memory the guest's RAM, at least one range
     * @return the bytes of entry point and structures
     */
    public static byte[] at(long gpa, int processors, List<Memory> memory) {
        byte[] structures = structures(processors, memory);
        byte[] result = new byte[STRUCTURES_AT + structures.length];
        System.arraycopy(entry(gpa + STRUCTURES_AT, structures.length), 0, result, 0, ENTRY_BYTES);
        System.arraycopy(structures, 0, result, STRUCTURES_AT, structures.length);
        return result;
    }

    /**
     * Makes the entry point alone, for firmware that places the structures itself.
     *
     * @param structures guest-physical address of the structures; 0 where firmware fills it in
     * @param length bytes of the structures
     * @return its bytes
     */
    public static byte[] entry(long structures, int length) {
        byte[] entry = new Fields()
                .text("_SM3_")
                .bytes(0, ENTRY_BYTES, 3, 0, 0, 1, 0)
                .number(length, Integer.BYTES)
                .number(structures, Long.BYTES)
                .toBytes();
        int sum = 0;
        for (byte each : entry) {
            sum += each;
        }
        entry[5] = (byte) -sum;
        return entry;
    }

    /**
     * Makes the structures alone.
     *
     * @param processors how many there are
     * @param memory the guest's RAM, at least one range
     * @return their bytes
     */
    public static byte[] structures(int processors, List<Memory> memory) {
        Structures all = new Structures();
        bios(all);
        system(all);
        enclosure(all);
        for (int i = 0; i < processors; i++) {
            processor(all, i);
        }
        memory(all, memory);
        all.begin(32, 0x2000).zeros(6).bytes(0).end(); // system boot information: no errors
        all.begin(127, 0x7F00).end();
        return all.bytes();
    }

    private static void bios(Structures all) {
        all.begin(0, 0)
                .string(MAKER)
                .string(VERSION)
                .number(0xE800, 2) // segment of the code: there is none
                .string(DATE)
                .bytes(0)
                .number(1 << 3, Long.BYTES) // characteristics aren't told
                .bytes(0, 0x10) // a virtual machine
                .bytes(0, 0, 0xFF, 0xFF)
                .end();
    }

    private static void system(Structures all) {
        all.begin(1, 0x100)
                .string(MAKER)
                .string(PRODUCT)
                .string(VERSION)
                .bytes(0)
                .zeros(16) // UUID: none
                .bytes(6, 0, 0) // woken by the power switch
                .end();
    }

    private static void enclosure(Structures all) {
        all.begin(3, 0x300)
                .string(MAKER)
                .bytes(1) // other
                .string(VERSION)
                .bytes(0, 0)
                .bytes(3, 3, 3, 2) // safe, safe, safe; security unknown
                .zeros(9)
                .end();
    }

    private static void processor(Structures all, int number) {
        all.begin(4, PROCESSOR_HANDLE + number)
                .string("CPU " + number)
                .bytes(3, 1) // central processor, other family
                .string(MAKER)
                .zeros(8)
                .string(VERSION)
                .zeros(7)
                .bytes(0x41, 1) // populated and enabled; upgrade: other
                .number(NO_CACHE, 2)
                .number(NO_CACHE, 2)
                .number(NO_CACHE, 2)
                .bytes(0, 0, 0)
                .bytes(1, 1, 1) // cores, enabled, threads
                .number(1 << 2, 2) // 64 bits
                .number(1, 2)
                .number(1, 2) // cores, enabled, threads once more, as words
                .number(1, 2)
                .number(1, 2)
                .end();
    }

    private static void memory(Structures all, List<Memory> memory) {
        long bytes = memory.stream().mapToLong(Memory::bytes).sum();
        all.begin(16, ARRAY_HANDLE)
                .bytes(1, 3, 3) // other location, system memory, no correction
                .number(0x8000_0000L, 4)
                .number(NONE, 2)
                .number(1, 2)
                .number(bytes, Long.BYTES)
                .end();
        long mebibytes = Math.max(1, bytes >>> MIB_SHIFT);
        all.begin(17, DEVICE_HANDLE)
                .number(ARRAY_HANDLE, 2)
                .number(NONE, 2)
                .number(UNKNOWN_SHORT, 2)
                .number(UNKNOWN_SHORT, 2)
                .number(Math.min(mebibytes, EXTENDED_SIZE), 2)
                .bytes(9, 0) // DIMM, of no set
                .string("DIMM 0")
                .bytes(0, 7) // RAM
                .number(1 << 1, 2) // of another kind
                .zeros(2)
                .string(MAKER)
                .zeros(4)
                .number(mebibytes < EXTENDED_SIZE ? 0 : mebibytes, 4)
                .zeros(8)
                .end();
        for (int i = 0; i < memory.size(); i++) {
            Memory each = memory.get(i);
            all.begin(19, MAPPED_HANDLE + i)
                    .number(each.gpa() >>> KIB_SHIFT, 4)
                    .number((each.gpa() + each.bytes() >>> KIB_SHIFT) - 1, 4)
                    .number(ARRAY_HANDLE, 2)
                    .bytes(1)
                    .zeros(16)
                    .end();
        }
    }
}
