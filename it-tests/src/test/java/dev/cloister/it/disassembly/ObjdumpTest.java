package dev.cloister.it.disassembly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.DebianPackages;
import dev.cloister.vmm.loader.ImageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Boundaries and operands agree with objdump's. Every text is looked at whole; with {@code -Dobjdump.part=true} its first part, with
 * {@code -Dobjdump.records=N} more random bytes, {@code -Dobjdump.seed=S} at others.
 */
class ObjdumpTest {
    private static final double ENOUGH = 0.9999;
    private static final int PART = 1 << 19;
    private static final int RECORDS = 20_000;
    private static final int RECORD = 32;
    private static final int[] PREFIXES = {0x66, 0xF2, 0xF3, 0x48, 0x0F, 0x67, 0x41, 0xC5, 0xC4, 0x64, 0x2E, 0xF0, 0x62
    };

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"libc.so.6", "libcrypto.so.3"})
    void agreesOverTheTextOf(String library) throws IOException {
        Path file = Path.of("/usr/lib/x86_64-linux-gnu", library);
        if (!Files.isReadable(file)) {
            System.out.println("skipped, there is no " + file);
        }
        Assumptions.assumeTrue(Files.isReadable(file), "no " + file);
        text(library, file);
    }

    @Test
    void agreesOverTheTextOfTheKernel() throws IOException, ImageException {
        Optional<Path> image = DebianPackages.ofBuild().cloudKernel();
        Assumptions.assumeTrue(image.isPresent(), "Debian's kernel can't be had here");
        Path kernel = directory.resolve("vmlinux");
        Vmlinux.unpack(image.get(), kernel);
        text("vmlinux", kernel);
    }

    private void text(String name, Path file) throws IOException {
        long begin = System.nanoTime();
        Agreement agreement = new Agreement(64);
        List<String> arguments = new ArrayList<>(List.of("-d", "-j", ".text"));
        if (Boolean.getBoolean("objdump.part")) {
            long start = TextSection.address(file);
            arguments.add("--stop-address=0x" + Long.toHexString(start + PART));
        }
        arguments.add(file.toString());
        Objdump.run(line -> agreement.compare(line, line.bytes(), 0), arguments.toArray(String[]::new));
        System.out.printf("%.1f s: %s", (System.nanoTime() - begin) / 1e9, agreement.report(name));
        assertThat(agreement.instructions()).isGreaterThan(50_000);
        assertThat(agreement.share()).isGreaterThanOrEqualTo(ENOUGH);
    }

    @ParameterizedTest
    @CsvSource({"64, i386:x86-64", "32, i386", "16, i8086"})
    void agreesOverRandomBytes(int bits, String machine) throws IOException {
        byte[] code = records(Integer.getInteger("objdump.records", RECORDS), Long.getLong("objdump.seed", 42));
        Path file = directory.resolve("random.bin");
        Files.write(file, code);
        Agreement agreement = new Agreement(bits);
        Objdump.run(
                line -> {
                    if (line.address() % RECORD == 0) {
                        agreement.compare(line, code, (int) line.address());
                    }
                },
                "-D",
                "-z",
                "-b",
                "binary",
                "-m",
                machine,
                file.toString());
        System.out.print(agreement.report("random, " + bits + " bits"));
        assertThat(agreement.share()).isGreaterThanOrEqualTo(ENOUGH);
    }

    /** Fifteen random bytes with a taste for prefixes and the 0F maps, then NOPs that let objdump find the next record. */
    private static byte[] records(int count, long seed) {
        Random random = new Random(seed);
        byte[] all = new byte[count * RECORD];
        Arrays.fill(all, (byte) 0x90);
        byte[] bytes = new byte[15];
        for (int n = 0; n < count; n++) {
            random.nextBytes(bytes);
            for (int q = 0; q < random.nextInt(4) && random.nextBoolean(); q++) {
                bytes[q] = (byte) PREFIXES[random.nextInt(PREFIXES.length)];
            }
            if (random.nextInt(3) == 0) {
                int at = random.nextInt(2);
                bytes[at] = 0x0F;
                if (random.nextInt(3) == 0) {
                    bytes[at + 1] = (byte) (random.nextBoolean() ? 0x38 : 0x3A);
                }
            }
            System.arraycopy(bytes, 0, all, n * RECORD, 15);
        }
        return all;
    }
}
