package dev.cloister.vmm.board;

import dev.cloister.devices.FirmwareConfig;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.loader.ImageModule;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A kernel as firmware finds it by {@code fw_cfg}: setup code, kernel, initrd and command line, each with its size, and where they usually
 * go (QEMU, docs/specs/fw_cfg).
 */
final class HandedKernel {
    private static final int KERNEL_ADDRESS = 0x07;
    private static final int KERNEL_SIZE = 0x08;
    private static final int KERNEL = 0x11;
    private static final int INITRD_SIZE = 0x0B;
    private static final int INITRD = 0x12;
    private static final int LINE_ADDRESS = 0x13;
    private static final int LINE_SIZE = 0x14;
    private static final int LINE = 0x15;
    private static final int SETUP_ADDRESS = 0x16;
    private static final int SETUP_SIZE = 0x17;
    private static final int SETUP = 0x18;
    /** Linux, Documentation/arch/x86/boot.rst: setup_sects, 0 meaning 4, not counting the boot sector. */
    private static final int SETUP_SECTORS = 0x1F1;

    private static final int DEFAULT_SECTORS = 4;
    /** Where loaders since LILO have put the pieces of a bzImage. */
    private static final int SETUP_AT = 0x1_0000;

    private static final int LINE_AT = 0x2_0000;
    private static final int KERNEL_AT = 0x10_0000;
    private static final int SECTOR = 512;
    private static final ValueLayout.OfInt LITTLE = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private HandedKernel() {}

    /** Adds the items of the kernel that an image hands over, if it does. */
    static void add(BootImage image, FirmwareConfig facts) {
        MemorySegment kernel = image.handed();
        if (kernel == null) {
            return;
        }
        long setup = setupBytes(kernel);
        facts.item(SETUP_ADDRESS, number(SETUP_AT));
        facts.item(LINE_ADDRESS, number(LINE_AT));
        facts.item(KERNEL_ADDRESS, number(KERNEL_AT));
        item(facts, SETUP_SIZE, SETUP, kernel.asSlice(0, setup));
        item(facts, KERNEL_SIZE, KERNEL, kernel.asSlice(setup));
        item(facts, INITRD_SIZE, INITRD, initrd(image));
        byte[] line = (image.commandLine() + "\0").getBytes(StandardCharsets.UTF_8);
        item(facts, LINE_SIZE, LINE, MemorySegment.ofArray(line));
    }

    /** What is no bzImage goes as a kernel without setup code: firmware finds out. */
    private static long setupBytes(MemorySegment kernel) {
        if (kernel.byteSize() <= SETUP_SECTORS) {
            return 0;
        }
        int sectors = kernel.get(ValueLayout.JAVA_BYTE, SETUP_SECTORS) & 0xFF;
        return Math.min(kernel.byteSize(), (sectors == 0 ? DEFAULT_SECTORS + 1L : sectors + 1L) * SECTOR);
    }

    /** All modules as one. */
    private static MemorySegment initrd(BootImage image) {
        if (image.modules().size() == 1) {
            return image.modules().getFirst().bytes();
        }
        long bytes = image.modules().stream()
                .mapToLong(each -> each.bytes().byteSize())
                .sum();
        MemorySegment all = MemorySegment.ofArray(new byte[Math.toIntExact(bytes)]);
        long at = 0;
        for (ImageModule each : image.modules()) {
            MemorySegment.copy(each.bytes(), 0, all, at, each.bytes().byteSize());
            at += each.bytes().byteSize();
        }
        return all;
    }

    private static void item(FirmwareConfig facts, int sizeNumber, int number, MemorySegment content) {
        facts.item(sizeNumber, number(Math.toIntExact(content.byteSize())));
        facts.item(number, content.asReadOnly());
    }

    private static MemorySegment number(int value) {
        MemorySegment number = MemorySegment.ofArray(new byte[Integer.BYTES]);
        number.set(LITTLE, 0, value);
        return number;
    }
}
