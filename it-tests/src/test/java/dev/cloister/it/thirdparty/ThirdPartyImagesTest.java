package dev.cloister.it.thirdparty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Images that others made, entered by the protocols that they follow. Packages are fetched with apt, once. */
class ThirdPartyImagesTest {
    private static final DebianPackages PACKAGES = DebianPackages.ofBuild();

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void seabiosPrintsItsVersionOnTheDebugPort() throws Exception {
        Optional<Path> bios = PACKAGES.seabios("bios-256k.bin");
        assumeTrue(bios.isPresent(), "skipped, Debian's seabios can't be had here; the reason is printed above");
        try (Running run = Cloister.fresh()
                .start("run", "--firmware", bios.get().toAbsolutePath().toString(), "--memory", "64M")) {
            run.awaitOut("SeaBIOS (version ");
        }
    }

    @Test
    void debiansLinuxPrintsItsBannerOnTheEarlySerialConsole() throws Exception {
        Optional<Path> kernel = PACKAGES.cloudKernel();
        assumeTrue(
                kernel.isPresent(),
                "skipped, Debian's linux-image-cloud-amd64 can't be had here; the reason is printed above");
        try (Running run = Cloister.fresh()
                .start(
                        "run",
                        "--kernel",
                        kernel.get().toAbsolutePath().toString(),
                        "--memory",
                        "512M",
                        "--cmdline",
                        "earlyprintk=serial,ttyS0,115200")) {
            run.awaitOut("Linux version 6.1");
        }
    }

    /** By GNU's assembler and linker: a Multiboot kernel that no part of this project had a hand in. */
    @Test
    void multibootKernelOfAnotherToolchainGetsItsCommandLine() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = linked(cloister);
        Finished end = cloister.run(
                        "run", "--kernel", image.toString(), "--cmdline", "one two", "--memory", "16M", "--debug-exit")
                .expect(7);
        assertThat(end.out()).endsWith("one two");
    }

    private static Path linked(Cloister cloister) throws IOException, InterruptedException {
        Path source = Cloister.root().resolve(Path.of("it-tests", "src", "test", "resources", "guests", "multiboot.s"));
        Path object = cloister.folder().resolve("multiboot.o");
        Path image = cloister.folder().resolve("multiboot.elf");
        boolean tools = Files.isExecutable(Path.of("/usr/bin/as")) && Files.isExecutable(Path.of("/usr/bin/ld"));
        assumeTrue(tools, "skipped, needs GNU as and ld (Debian: binutils)");
        cloister.runCommand(List.of("as", "--32", "-o", object.toString(), source.toString()))
                .expect(0);
        cloister.runCommand(List.of(
                        "ld",
                        "-m",
                        "elf_i386",
                        "-n",
                        "-Ttext=0x100020",
                        "--section-start=.header=0x100000",
                        "-o",
                        image.toString(),
                        object.toString()))
                .expect(0);
        return image;
    }
}
