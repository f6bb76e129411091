package dev.cloister.it.disassembly;

import dev.cloister.vmm.loader.ImageException;
import dev.cloister.vmm.loader.ImageLoader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Writes the ELF kernel of a bzImage to a file of its own. */
final class Vmlinux {
    private Vmlinux() {}

    static void unpack(Path image, Path to) throws IOException, ImageException {
        try (Arena arena = Arena.ofConfined();
                FileChannel in = FileChannel.open(image);
                FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            MemorySegment kernel = ImageLoader.unpackKernel(in.map(MapMode.READ_ONLY, 0, in.size(), arena), arena);
            var bytes = kernel.asByteBuffer();
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        }
    }
}
