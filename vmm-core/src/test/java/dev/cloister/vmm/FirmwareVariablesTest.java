package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.emulator.assembler.OutputFormat;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.FirmwareVariables;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.OnReboot;
import dev.cloister.vmm.report.MachineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Firmware of ours that keeps a variable in the flash memory below it, as UEFI does. */
@Timeout(120)
class FirmwareVariablesTest extends EveryEngine {
    private static final int BYTES = 8192;

    /** One page, run where it is shadowed below 1 MiB, that goes to protected mode; EBX is the second block of 8 KiB of flash memory. */
    private static final String ROM = """
                org     0xff000
                bits    16
        start:  mov     ax, 0xff00
                mov     ds, ax
                lgdt    [register - start]
                mov     eax, cr0
                or      al, 1
                mov     cr0, eax
                jmp     dword 8:flat
                align   8
        table:  dq      0, 0x00cf9a000000ffff, 0x00cf92000000ffff
        register: dw    23
                dd      table
                bits    32
        flat:   mov     ax, 0x10
                mov     ds, ax
                mov     ebx, 0xffffe000
        %s
                times   0xff0 - ($ - $$) db 0
                bits    16
                jmp     0xff00:0
                times   0x1000 - ($ - $$) db 0
        """;

    private static final String ERASE_AND_PROGRAM = """
                mov     byte [ebx], 0x20
                mov     byte [ebx], 0xd0
                mov     byte [ebx], 0x40
                mov     byte [ebx], 'H'
                mov     byte [ebx + 1], 0x10
                mov     byte [ebx + 1], 'i'
                mov     al, [ebx]
                cmp     al, 0x80
                jne     wrong
                mov     byte [ebx], 0xff
        """;

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void make() throws Exception {
        file = Files.write(folder.resolve("variables"), new byte[BYTES]);
    }

    private MachineConfig.Builder guest(String source) throws Exception {
        byte[] rom = TestGuest.assemble(OutputFormat.FLAT, ROM.formatted(source));
        return TestGuest.config(BootImage.firmware(TestGuest.segment(rom)))
                .firmwareVariables(FirmwareVariables.open(file));
    }

    @Test
    void whatFirmwareProgramsIsInTheFileAndThereTheNextTime() throws Exception {
        assertThat(TestGuest.run(guest(ERASE_AND_PROGRAM + """
                    mov     eax, [ebx]
                    cmp     eax, 0xffff6948
                    jne     wrong
                    exit    21
            wrong:  exit    1
            """)).code()).isEqualTo(43);
        byte[] expected = new byte[BYTES];
        Arrays.fill(expected, BYTES - 4096, BYTES, (byte) 0xFF);
        expected[BYTES - 4096] = 'H';
        expected[BYTES - 4095] = 'i';
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
        assertThat(TestGuest.run(guest("""
            mov     al, [ebx + 1]
            out     0xf4, al
            """)).code()).isEqualTo('i' << 1 & 0xff | 1);
    }

    @Test
    void aMachineThatBeginsAnewReadsItsArray() throws Exception {
        MachineConfig.Builder builder =
                guest("""
                            mov     al, [ebx]
                            test    al, al
                            jz      first
                            out     0xf4, al
                    """ + "first:" + ERASE_AND_PROGRAM + """
                            mov     byte [ebx], 0x70
                            mov     dx, 0xcf9
                            mov     al, 6
                            out     dx, al
                            hlt
                    wrong:  exit    1
                    """).onReboot(OnReboot.RESTART);
        assertThat(TestGuest.run(builder).code()).isEqualTo('H' << 1 & 0xff | 1);
    }

    @Test
    void aFileThatIsMadeShorterEndsTheGuestWithTheReason() throws Exception {
        MachineConfig.Builder builder = guest("""
                    mov     al, '*'
                    out     0xe9, al
            again:  mov     eax, [ebx]
                    jmp     again
            """);
        assertThat(LostFile.cutWhileRunning(builder, file, 0))
                .contains(file.toString(), "were made shorter", "0 bytes of " + BYTES);
    }

    @Test
    void whatCannotBeVariablesIsRefused() throws Exception {
        try (FirmwareVariables held = FirmwareVariables.open(file)) {
            assertThatThrownBy(() -> FirmwareVariables.open(file))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("in use by another process");
            MachineConfig kernel = TestGuest.config(TestGuest.real("hlt\n"))
                    .firmwareVariables(held)
                    .build();
            assertThatThrownBy(kernel::validate)
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("give firmware as well");
            MachineConfig large = TestGuest.config(BootImage.firmware(TestGuest.segment(new byte[16 << 20])))
                    .firmwareVariables(held)
                    .build();
            assertThatThrownBy(large::validate)
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("16 MiB at most together");
        }
        Path odd = Files.write(folder.resolve("odd"), new byte[100]);
        assertThatThrownBy(() -> FirmwareVariables.open(odd))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("100 bytes; expected a positive multiple of 4096");
    }
}
