package dev.cloister.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.OpenFileMark;
import dev.cloister.mmu.CodeWatcher;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.WriteWatch;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.vmm.channel.DeviceEnd;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Persistent memory that is handed over and taken away, beside a model of what the guest and the file must hold. */
class GrantedRangeTest {
    private static final int BYTES = (int) DomainConfig.PersistentRange.ALIGNMENT;
    private static final int PAGE = 4096;
    private static final int PAGES = 8;
    private static final long GPA = 1L << 32;
    private static final int STEPS = 400;

    @TempDir
    Path folder;

    private Path file(int seed) throws IOException {
        byte[] content = new byte[BYTES];
        new Random(seed).nextBytes(content);
        return Files.write(folder.resolve("store"), content);
    }

    private static GrantedRange range(boolean writable) throws IOException {
        return new GrantedRange(new DomainConfig.PersistentRange("@disk:store", BYTES, writable, false));
    }

    private static List<Fd> opening(Path file, boolean write) throws IOException {
        return new ArrayList<>(List.of(Linux.open(file.toString(), write ? Linux.O_RDWR : Linux.O_RDONLY)));
    }

    /** Random attaching, severing, reading and writing of a few pages. */
    @Test
    void guestAndFileHoldWhatTheOpenFlowsAllow() throws Exception {
        for (int seed = 1; seed <= 5; seed++) {
            Path path = file(seed);
            try (GrantedRange range = range(true)) {
                walk(range, path, seed);
            }
        }
    }

    private static void walk(GrantedRange range, Path path, int seed) throws Exception {
        Random random = new Random(seed);
        MemorySegment guest = range.segment();
        byte[] file = Files.readAllBytes(path);
        byte[] seen = new byte[BYTES];
        boolean reads = false;
        boolean writes = false;
        for (int step = 0; step < STEPS; step++) {
            String at = "seed " + seed + ", step " + step;
            switch (random.nextInt(6)) {
                case 0 -> {
                    reads = flip(range.reading(), reads, path, false);
                    seen = reads ? file.clone() : new byte[BYTES];
                }
                case 1 -> {
                    writes = flip(Objects.requireNonNull(range.writing()), writes, path, true);
                    seen = reads ? file.clone() : new byte[BYTES];
                }
                default -> {
                    int offset = random.nextInt(PAGES * PAGE);
                    byte value = (byte) random.nextInt();
                    guest.set(ValueLayout.JAVA_BYTE, offset, value);
                    seen[offset] = value;
                    if (reads && writes) {
                        file[offset] = value;
                    }
                }
            }
            int offset = random.nextInt(PAGES * PAGE);
            assertThat(guest.get(ValueLayout.JAVA_BYTE, offset)).as(at).isEqualTo(seen[offset]);
            if (step % 20 == 0) {
                assertThat(Arrays.equals(Files.readAllBytes(path), file))
                        .as("file, " + at)
                        .isTrue();
                assertThat(guest.toArray(ValueLayout.JAVA_BYTE)).as(at).isEqualTo(seen);
            }
        }
    }

    private static boolean flip(DeviceEnd end, boolean open, Path path, boolean write) throws Exception {
        if (open) {
            end.sever();
        } else {
            end.attach(opening(path, write));
        }
        return !open;
    }

    @Test
    void neitherDescriptorNorMappingOutlivesItsFlow() throws Exception {
        Path path = file(1);
        try (GrantedRange range = range(true);
                Fd watch = Linux.open(path.toString(), Linux.O_RDONLY)) {
            List<Fd> from = opening(path, false);
            List<Fd> to = opening(path, true);
            OpenFileMark.set(from.getFirst(), false, OpenFileMark.FIRST + 1);
            OpenFileMark.set(to.getFirst(), true, OpenFileMark.FIRST + 2);
            range.reading().attach(from);
            Objects.requireNonNull(range.writing()).attach(to);
            assertThat(OpenFileMark.isSet(watch, OpenFileMark.FIRST + 2)).isTrue();
            range.writing().sever();
            assertThat(OpenFileMark.isSet(watch, OpenFileMark.FIRST + 2)).isFalse();
            assertThat(OpenFileMark.isSet(watch, OpenFileMark.FIRST + 1)).isTrue();
            range.reading().sever();
            assertThat(OpenFileMark.isSet(watch, OpenFileMark.FIRST + 1)).isFalse();
        }
    }

    @Test
    void flushesFailUnlessEveryFlowIsOpen() throws Exception {
        Path path = file(1);
        try (GrantedRange range = range(true)) {
            range.reading().attach(opening(path, false));
            assertThatThrownBy(range::flush).hasMessageContaining("a flow of it is closed");
            Objects.requireNonNull(range.writing()).attach(opening(path, true));
            range.flush();
            range.reading().sever();
            assertThatThrownBy(range::flush).hasMessageContaining("a flow of it is closed");
        }
        try (GrantedRange range = range(false)) {
            range.reading().attach(opening(path, false));
            range.flush();
            assertThat(range.writing()).isNull();
            assertThat(range.segment().isReadOnly()).isTrue();
        }
    }

    @Test
    void decodedCodeIsForgottenWhenSomethingElseIsBehindIt() throws Exception {
        for (boolean writable : new boolean[] {true, false}) {
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
            try (GrantedRange range = range(writable)) {
                GuestMemory memory = GuestMemory.builder()
                        .add(range.region("persistent memory 0", GPA))
                        .build();
                range.placed(memory, GPA);
                try (WriteWatch.Observer observer = memory.watch().observe(code)) {
                    observer.markCode(GPA + 5 * PAGE + 100, 3);
                    range.reading().attach(opening(file(1), false));
                    observer.poll();
                }
            }
            assertThat(told).as("writable %s", writable).containsExactly(GPA + 5 * PAGE);
        }
    }

    @Test
    void fileThatWasMadeShorterIsNamed() throws Exception {
        Path path = file(1);
        try (GrantedRange range = range(false)) {
            range.reading().attach(opening(path, false));
            assertThat(range.isShorter()).isFalse();
            Files.write(path, new byte[PAGE]);
            assertThat(range.loss()).contains("@disk:store was made shorter");
        }
    }
}
