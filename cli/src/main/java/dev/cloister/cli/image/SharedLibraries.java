package dev.cloister.cli.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Which shared libraries a program of x86-64 asks for: the {@code DT_NEEDED} entries of an ELF file (System V ABI, chapter 5). */
final class SharedLibraries {
    private static final int MAGIC = 0x464c_457f;
    private static final int SEGMENT_BYTES = 56;
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int DT_NEEDED = 1;
    private static final int DT_STRTAB = 5;

    private final ByteBuffer file;

    private SharedLibraries(byte[] file) {
        this.file = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads a file's list.
     *
     * @param file the file's bytes
     * @return names such as {@code libc.so.6}; none where it is no such file, or asks for none
     */
    static List<String> neededBy(byte[] file) {
        try {
            return new SharedLibraries(file).needed();
        } catch (IndexOutOfBoundsException e) {
            return List.of();
        }
    }

    private List<String> needed() {
        if (file.getInt(0) != MAGIC) {
            return List.of();
        }
        int dynamic = segment(PT_DYNAMIC);
        if (dynamic < 0) {
            return List.of();
        }
        int at = (int) file.getLong(dynamic + 8);
        List<Long> names = new ArrayList<>();
        long strings = 0;
        for (long tag = file.getLong(at); tag != 0; tag = file.getLong(at)) {
            long value = file.getLong(at + 8);
            if (tag == DT_NEEDED) {
                names.add(value);
            } else if (tag == DT_STRTAB) {
                strings = value;
            }
            at += 16;
        }
        int table = offsetOf(strings);
        return names.stream().map(name -> text(table + (int) (long) name)).toList();
    }

    private int segments() {
        return Short.toUnsignedInt(file.getShort(56));
    }

    private int segmentAt(int number) {
        return (int) file.getLong(32) + number * SEGMENT_BYTES;
    }

    /** Where the first segment of a type is described; -1 for none. */
    private int segment(int type) {
        for (int i = 0; i < segments(); i++) {
            if (file.getInt(segmentAt(i)) == type) {
                return segmentAt(i);
            }
        }
        return -1;
    }

    private int offsetOf(long address) {
        for (int i = 0; i < segments(); i++) {
            int segment = segmentAt(i);
            long from = file.getLong(segment + 16);
            if (file.getInt(segment) == PT_LOAD && address >= from && address < from + file.getLong(segment + 32)) {
                return (int) (address - from + file.getLong(segment + 8));
            }
        }
        throw new IndexOutOfBoundsException("no segment holds 0x" + Long.toHexString(address));
    }

    private String text(int offset) {
        int end = offset;
        while (file.get(end) != 0) {
            end++;
        }
        return new String(file.array(), offset, end - offset, StandardCharsets.US_ASCII);
    }
}
