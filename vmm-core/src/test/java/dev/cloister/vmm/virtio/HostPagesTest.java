package dev.cloister.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.Mapping;
import dev.cloister.mmu.CodeWatcher;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import dev.cloister.mmu.WriteWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the balloon gives back is the guest's RAM and nothing else; the host has it afterwards, and everybody notices. */
class HostPagesTest {
    private static final int PAGE = 4096;
    private static final long RAM_BYTES = 64L << 20;
    private static final long OTHER = 0x1_0000_0000L;

    private final List<Mapping> mappings = new ArrayList<>();
    private GuestMemory memory;
    private HostPages pages;

    @BeforeEach
    void make() throws IOException {
        memory = GuestMemory.builder()
                .ram("RAM", 0, mapped(RAM_BYTES).segment())
                .rom("firmware", OTHER, mapped(PAGE).segment())
                .readOnly("directory", OTHER + PAGE, mapped(PAGE).segment())
                .add(new Region(
                        "window",
                        Region.Kind.SHARED,
                        OTHER + 2 * PAGE,
                        mapped(PAGE).segment()))
                .ram(PmemConfig.rangeName(0), OTHER + 3 * PAGE, mapped(PAGE).segment())
                .device("registers", OTHER + 4 * PAGE, PAGE, new DeviceWindow() {
                    @Override
                    public long read(long gpa, int size) {
                        throw new AssertionError("read");
                    }

                    @Override
                    public void write(long gpa, int size, long value) {
                        throw new AssertionError("written");
                    }
                })
                .build();
        pages = new HostPages(memory);
    }

    private Mapping mapped(long bytes) throws IOException {
        Mapping mapping = Mapping.anonymous(bytes);
        mapping.segment().fill((byte) 7);
        mappings.add(mapping);
        return mapping;
    }

    @AfterEach
    void unmap() {
        mappings.forEach(Mapping::close);
    }

    /** Resident bytes of the guest's RAM: proc(5), smaps. */
    private long resident() throws IOException {
        long start = mappings.getFirst().address();
        boolean inside = false;
        long bytes = 0;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                long at = Long.parseUnsignedLong(line, 0, line.indexOf('-'), 16);
                inside = at <= start
                        && start < Long.parseUnsignedLong(line.substring(line.indexOf('-') + 1, line.indexOf(' ')), 16);
            } else if (inside && line.startsWith("Rss:")) {
                bytes += Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        return bytes;
    }

    @Test
    void theHostHasThePagesBackAndTheGuestReadsZeros() throws IOException {
        long before = resident();
        assertThat(before).isGreaterThanOrEqualTo(RAM_BYTES);
        assertThat(pages.release(1 << 20, 32 << 20)).isTrue();
        assertThat(before - resident()).isEqualTo(32 << 20);
        assertThat(memory.readByte((1 << 20) - 1)).isEqualTo((byte) 7);
        assertThat(memory.readLong(1 << 20)).isZero();
        assertThat(memory.readByte((33 << 20) - 1)).isZero();
        assertThat(memory.readByte(33 << 20)).isEqualTo((byte) 7);
        memory.writeInt(1 << 20, 5);
        assertThat(memory.readInt(1 << 20)).isEqualTo(5);
    }

    @Test
    void whatIsNotRamStaysAsItIs() {
        for (int page = 0; page < 6; page++) {
            long gpa = OTHER + page * PAGE;
            assertThat(pages.release(gpa, PAGE)).as("page %d", page).isFalse();
            if (page < 4) {
                assertThat(memory.readByte(gpa)).as("page %d", page).isEqualTo((byte) 7);
            }
        }
    }

    @Test
    void rangesThatLeaveRamAreRefusedWhole() {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 10_000; i++) {
            long gpa = random.nextLong() & -PAGE;
            long bytes = (random.nextLong() >>> 1 + random.nextInt(40)) & -PAGE;
            boolean inside = gpa >= 0 && gpa <= RAM_BYTES && bytes <= RAM_BYTES - gpa && gpa < RAM_BYTES;
            assertThat(pages.release(gpa, bytes)).as("%x %x", gpa, bytes).isEqualTo(inside);
        }
        assertThat(pages.release(RAM_BYTES - PAGE, 2 * PAGE)).isFalse();
        assertThat(memory.readByte(RAM_BYTES - 1)).isEqualTo((byte) 7);
    }

    @Test
    void decodedCodeIsForgottenAndPagesCountAsWritten() {
        List<Long> told = new ArrayList<>();
        CodeWatcher code = new CodeWatcher() {
            @Override
            public void written(long gpaPage) {
                told.add(gpaPage);
            }

            @Override
            public void writtenAnywhere() {
                throw new AssertionError("one page was written");
            }
        };
        memory.watch().startTracking();
        try (WriteWatch.Observer observer = memory.watch().observe(code)) {
            observer.markCode(5 * PAGE + 100, 3);
            assertThat(pages.release(4 * PAGE, 3 * PAGE)).isTrue();
            observer.poll();
        }
        assertThat(told).containsExactly(5L * PAGE);
        List<Long> dirty = new ArrayList<>();
        memory.watch().collectWritten(dirty::add);
        assertThat(dirty).containsExactly(4L * PAGE, 5L * PAGE, 6L * PAGE);
    }
}
