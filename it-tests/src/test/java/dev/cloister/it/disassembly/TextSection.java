package dev.cloister.it.disassembly;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Finds the section of instructions of a 64-bit ELF file: the largest executable one (System V ABI, chapter 4). */
final class TextSection {
    private static final int EXECUTABLE = 4;

    private TextSection() {}

    static long address(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer elf = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size())
                    .order(ByteOrder.LITTLE_ENDIAN);
            int sections = Math.toIntExact(elf.getLong(0x28));
            int size = elf.getShort(0x3A);
            int count = elf.getShort(0x3C) & 0xFFFF;
            long largest = 0;
            long address = 0;
            for (int n = 0; n < count; n++) {
                int at = sections + n * size;
                boolean executable = (elf.getLong(at + 8) & EXECUTABLE) != 0;
                if (executable && elf.getLong(at + 32) > largest) {
                    largest = elf.getLong(at + 32);
                    address = elf.getLong(at + 16);
                }
            }
            return address;
        }
    }
}
