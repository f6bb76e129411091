package dev.cloister.it.thirdparty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.emulator.assembler.AssemblyException;
import dev.cloister.it.DebianPackages;
import dev.cloister.it.harness.Host;
import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.loader.ImageModule;
import dev.cloister.vmm.report.Outcome;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Guests that others made, or that follow others' protocols, in a machine of this process: SeaBIOS and a Multiboot kernel with
 * a module. Each is run until it has printed what shows that it was entered rightly, and is then stopped.
 */
class ThirdPartyBootTest {
    private static final DebianPackages PACKAGES = DebianPackages.ofBuild();

    /** Prints its command line and the first module's first two bytes on COM1, then switches the machine off. */
    private static final String MULTIBOOT_KERNEL = """
                format elf32
                entry   start
                section .text
                bits 32
                align 4
                dd      0x1badb002, 3, -(0x1badb002 + 3)
        start:  cmp     eax, 0x2badb002
                jne     off
                mov     dx, 0x3f8
                mov     esi, [ebx + 16]
        print:  mov     al, [esi]
                cmp     al, 0
                je      module
                out     dx, al
                inc     esi
                jmp     print
        module: mov     esi, [ebx + 24]
                mov     esi, [esi]
                mov     al, [esi]
                out     dx, al
                mov     al, [esi + 1]
                out     dx, al
        off:    mov     dx, 0x604
                mov     ax, 0x2000
                out     dx, ax
                hlt
        """;

    /** The last of what SeaBIOS prints: it has initialised everything, run boot code in real mode and looked for disks. */
    private static final String LAST_WORDS = "No bootable device.";

    /** Lines of SeaBIOS that follow the processor that it finds, or the time that its initialisation takes. */
    private static final List<String> OF_THE_PROCESSOR =
            List.of("Running on KVM", "kvmclock", "kvm: have invtsc", "CPU Mhz=", "Copying MPTABLE");

    @ParameterizedTest
    @ValueSource(strings = {"bios.bin", "bios-256k.bin"})
    void seabiosSaysTheSameUnderEveryEngine(String name) throws Exception {
        Optional<Path> bios = PACKAGES.seabios(name);
        assumeTrue(bios.isPresent(), "Debian's seabios can't be had here; the reason is printed above");
        BootImage image = BootImage.firmware(read(bios.get()));
        GuestRun emulated = GuestRun.until(Engine.EMULATED, image, LAST_WORDS);
        assertThat(emulated.output()).as(emulated.end()).contains("SeaBIOS (version ", LAST_WORDS);
        assertThat(emulated.exit().report().engine()).isEqualTo("emulated");
        Host.needsKvm();
        GuestRun direct = GuestRun.until(Engine.DIRECT, image, LAST_WORDS);
        assertThat(direct.output()).as(direct.end()).contains("SeaBIOS (version ", LAST_WORDS);
        assertThat(lines(emulated)).as(emulated.end()).isEqualTo(lines(direct));
    }

    private static List<String> lines(GuestRun run) {
        String upToLastWords =
                run.output().substring(0, run.output().indexOf(LAST_WORDS)).strip();
        return upToLastWords
                .lines()
                .filter(line -> OF_THE_PROCESSOR.stream().noneMatch(line::contains))
                .toList();
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void aMultibootKernelReadsItsCommandLineAndModule(Engine engine) throws Exception {
        if (engine == Engine.DIRECT) {
            Host.needsKvm();
        }
        byte[] module = "!\n".getBytes(StandardCharsets.US_ASCII);
        BootImage image = BootImage.kernel(MemorySegment.ofArray(multibootKernel()))
                .withCommandLine("entered by Multiboot")
                .withModules(List.of(new ImageModule("module", MemorySegment.ofArray(module))));
        GuestRun run = GuestRun.until(engine, image, "entered by Multiboot!\n");
        assertThat(run.output()).as(run.end()).isEqualTo("entered by Multiboot!\n");
        assertThat(run.exit().outcome()).as(run.end()).isIn(Outcome.POWERED_OFF, Outcome.STOPPED);
    }

    private static byte[] multibootKernel() {
        try {
            return Assembler.create()
                    .assemble("multiboot.asm", MULTIBOOT_KERNEL)
                    .image();
        } catch (AssemblyException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }

    private static MemorySegment read(Path file) throws IOException {
        return MemorySegment.ofArray(Files.readAllBytes(file));
    }
}
