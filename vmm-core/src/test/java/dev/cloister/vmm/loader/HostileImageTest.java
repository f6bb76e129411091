package dev.cloister.vmm.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every format cut off at every byte of its headers, and altered at random with a fixed seed: the only failure is an {@link
 * ImageException}, and guest memory, which refuses every write outside itself, is untouched by it.
 */
class HostileImageTest {
    private static final int MUTATIONS = 2000;
    private static final long SEED = 0x636c_6f69_7374_6572L;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Values at the edges of what fields hold. */
    private static final long[] EDGES = {
        0,
        1,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x10_0000,
        0x7fff_ffffL,
        0x8000_0000L,
        0xffff_ffffL,
        0x1_0000_0000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -1,
        -4096
    };

    static Stream<Arguments> images() {
        Map<String, byte[]> images = new LinkedHashMap<>();
        images.put("multiboot ELF32", Images.multiboot(false));
        images.put("multiboot ELF64", Images.multiboot(true));
        images.put("multiboot addresses", Images.multibootFlat());
        images.put("PVH ELF32", Images.elf(false, Images.KERNEL_GPA, Images.KERNEL_GPA, true));
        images.put("PVH ELF64", Images.elf(true, Images.KERNEL_GPA, Images.KERNEL_GPA, true));
        images.put("vmlinux", Images.vmlinux());
        images.put("bzImage gzip", Images.bzImage(Images::gzip, false));
        images.put("bzImage xz", Images.bzImage(Images::xz, true));
        images.put("bzImage lzma", Images.bzImage(Images::lzma, true));
        images.put("bzImage lz4", Images.bzImage(Images::lz4, true));
        images.put("bzImage zstd", Images.bzImage(Images::zstd, true));
        images.put("bzImage uncompressed", Images.bzImage(plain -> plain, false));
        images.put("bzImage unknown", Images.bzImage(new byte[300]));
        return images.entrySet().stream().map(entry -> Arguments.of(entry.getKey(), entry.getValue()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("images")
    void anImageCutOffAnywhereIsRefused(String name, byte[] image) throws ImageException {
        ImageFormat format = ImageLoader.detect(Images.segment(image));
        FakeMemory memory = new FakeMemory(Images.RAM);
        LoadOptions options = Images.options().withFormat(format);
        for (int length = 0; length < image.length; length++) {
            byte[] cut = Arrays.copyOf(image, length);
            boolean loaded = tryLoad(cut, memory, options);
            // A bzImage ends with up to 15 bytes of padding to a paragraph, which may be missing.
            assertThat(loaded && length < image.length - 15)
                    .as("%s cut to %d of %d bytes is loaded", name, length, image.length)
                    .isFalse();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("images")
    void anImageAlteredAnywhereIsLoadedWholeOrRefused(String name, byte[] image) {
        Random random = new Random(SEED ^ name.hashCode());
        FakeMemory memory = new FakeMemory(Images.RAM);
        assertTimeoutPreemptively(PATIENCE, () -> {
            int refused = 0;
            for (int i = 0; i < MUTATIONS; i++) {
                byte[] altered = alter(image, random);
                refused += tryLoad(altered, memory, Images.options()) ? 0 : 1;
            }
            assertThat(refused).as("alterations that matter").isPositive();
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("images")
    void anImageLoadedByEveryOtherFormatIsLoadedOrRefused(String name, byte[] image) {
        FakeMemory memory = new FakeMemory(Images.RAM);
        for (ImageFormat format : ImageFormat.values()) {
            LoadOptions options = Images.options().withFormat(format);
            boolean first = tryLoad(image, memory, options);
            assertThat(tryLoad(image, memory, options))
                    .as("%s as %s", name, format)
                    .isEqualTo(first);
        }
    }

    private static byte[] alter(byte[] image, Random random) {
        byte[] altered = image.clone();
        int times = 1 + random.nextInt(3);
        for (int i = 0; i < times; i++) {
            int at = place(altered.length, random);
            if (random.nextBoolean()) {
                altered[at] = (byte) random.nextInt();
            } else {
                long edge = EDGES[random.nextInt(EDGES.length)];
                int width = 1 << random.nextInt(4);
                for (int b = 0; b < width && at + b < altered.length; b++) {
                    altered[at + b] = (byte) (edge >>> (8 * b));
                }
            }
        }
        return random.nextInt(8) == 0 ? Arrays.copyOf(altered, random.nextInt(altered.length)) : altered;
    }

    /** Headers matter more than content: most alterations hit the first KiB and the start of the payload. */
    private static int place(int length, Random random) {
        int bound = switch (random.nextInt(4)) {
            case 0 -> length;
            case 1 -> 0x280;
            default -> 0x100;
        };
        int base = random.nextInt(3) == 0 ? (Images.SETUP_SECTORS + 1) * 512 + Images.PAYLOAD_OFFSET : 0;
        int header = random.nextInt(4) == 0 ? 0x1f0 : base;
        return Math.min(length - 1, header + random.nextInt(Math.min(bound, length)));
    }

    /** Loads, or is refused with a message that says where and what; anything else is thrown on. */
    private static boolean tryLoad(byte[] image, FakeMemory memory, LoadOptions options) {
        int before = memory.writes();
        LoadOptions with = options.format() == ImageFormat.FLAT || options.format() == ImageFormat.FIRMWARE
                ? options
                : options.withModules(List.of(new ImageModule("m", Images.segment(new byte[10]))));
        try {
            LoadedImage loaded = ImageLoader.load(Images.segment(image), memory, with);
            for (LoadedImage.Placement each : loaded.placements()) {
                assertThat(memory.contains(each.gpa(), each.size())).isTrue();
            }
            return true;
        } catch (ImageException e) {
            assertThat(e.getMessage()).contains("found", "expected");
            assertThat(memory.writes()).isEqualTo(before);
            return false;
        }
    }
}
