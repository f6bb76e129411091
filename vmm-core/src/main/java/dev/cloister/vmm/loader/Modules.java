package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Places modules and their strings for Multiboot and PVH: page-aligned, above the kernel, below 4 GiB. */
final class Modules {
    /** More than any protocol user needs; it bounds the lists that are built from it. */
    static final int MAX = 64;

    /** The longest module string and command line, without the NUL. */
    static final int MAX_STRING = 4095;

    /**
     * A module in guest memory.
     *
     * @param start guest-physical address of its first byte
     * @param size bytes
     * @param string guest-physical address of its NUL-terminated string
     */
    record Placed(long start, long size, long string) {}

    private Modules() {}

    static List<Placed> place(Plan plan, List<ImageModule> modules) throws ImageException {
        if (modules.size() > MAX) {
            throw new ImageException(
                    "modules",
                    ImageException.NO_OFFSET,
                    Integer.toString(modules.size()),
                    "at most " + MAX,
                    "pack several into one");
        }
        long floor = plan.endOfPlaced(MemoryMap.HIGH_RAM_START);
        List<Placed> placed = new ArrayList<>();
        for (int i = 0; i < modules.size(); i++) {
            ImageModule module = modules.get(i);
            String what = "module " + i;
            long size = module.bytes().byteSize();
            if (size == 0) {
                throw new ImageException(
                        what, ImageException.NO_OFFSET, "an empty file", "at least 1 byte", "leave it out");
            }
            long start = plan.place(what, module.bytes(), floor, MemoryMap.FOUR_GIB);
            byte[] name = Strings.terminated(what + " string", module.name(), MAX_STRING);
            placed.add(new Placed(start, size, low(plan, what + " string", name)));
        }
        return placed;
    }

    /** Places a small structure, the whole of a buffer, at the lowest free page. */
    static long low(Plan plan, String what, ByteBuffer content) throws ImageException {
        return plan.place(what, MemorySegment.ofBuffer(content.clear()), Plan.LOWEST, MemoryMap.FOUR_GIB);
    }

    /** Places a string at the lowest free page. */
    static long low(Plan plan, String what, byte[] bytes) throws ImageException {
        return plan.place(what, MemorySegment.ofArray(bytes), Plan.LOWEST, MemoryMap.FOUR_GIB);
    }
}
