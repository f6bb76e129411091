package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.vmm.TestGuest.Run;
import dev.cloister.vmm.report.Report;
import dev.cloister.vmm.report.ReportJson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Instructions that software-assisted KVM hosts do not execute at privilege level 0. The results are checked on every host; that the
 * emulator was needed only where it was.
 */
@Timeout(300)
class EmulationFailureTest {
    private static final String NO_TRAP = "trap:   exit    2\n";

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "popcnt     | popcnt rax, rbx            | mov ebx, 0x0ff0 | cmp rax, 8",
                "crc32      | crc32 eax, bl              | mov eax, -1; mov ebx, 0x31 | cmp eax, 0x6f0a661c",
                "fnstsw     | fninit; fnstsw ax          | mov eax, -1     | cmp ax, 0",
                "cmpxchg16b | lock cmpxchg16b [cell]     | call load       | cmp qword [cell], 5",
                "pxor       | pxor xmm1, xmm1; movq rax, xmm1 | mov eax, 7 | cmp rax, 0",
                "xgetbv     | xgetbv                     | call xsave      | test al, 1; xor al, 1; test al, 1",
                "rdtscp     | rdtscp                     | xor eax, eax    | test eax, 0; cmp eax, eax",
            })
    void theEmulatorCompletesWhatKvmCannot(String name, String instruction, String before, String check)
            throws Exception {
        Run run = TestGuest.run(
                TestGuest.long64("main:\n" + lines(before) + lines(instruction) + lines(check) + """
                            jne     bad
                            exit    1
                    bad:    exit    0
                    load:   xor     eax, eax
                            xor     edx, edx
                            mov     ebx, 5
                            xor     ecx, ecx
                            ret
                    xsave:  mov     rax, cr4
                            or      eax, 0x40000
                            mov     cr4, rax
                            xor     ecx, ecx
                            ret
                    """ + NO_TRAP + """
                            section .data
                            align 16
                    cell:   dq 0, 0
                    """));
        assumeTrue(
                !run.report().notes().toString().contains("user code"), "the instruction is not in this CPU: " + name);
        assertThat(run.code()).as("%s", run.report()).isEqualTo(3);
    }

    private static String lines(String statements) {
        return "        " + statements.replace("; ", "\n        ") + "\n";
    }

    @Test
    void breakpointsAndSameLevelReturnsGoThroughTheGuestsOwnTables() throws Exception {
        Run run = TestGuest.run(TestGuest.long64("""
            main:   xor     ebx, ebx
                    int3
                    int     0x80
                    int     0x21
                    mov     al, bl
                    out     0xf4, al
            trap:   add     ebx, edi
                    ret
            """));
        assertThat(run.code()).isEqualTo(((3 + 0x80 + 0x21) << 1 | 1) & 0xff);
        long emulated = run.report().emulated().instructions();
        if (emulated > 0) {
            assertThat(run.report().emulated().byMnemonic())
                    .extracting(Report.Count::name)
                    .contains("int3", "int");
            assertThat(ReportJson.write(run.report())).contains("\"emulated\":{\"instructions\":" + emulated);
        }
    }

    @Test
    void aPageFaultInACompletedInstructionReachesTheGuestWithItsAddress() throws Exception {
        // 5 GiB is not mapped; the handler checks vector, error code and CR2.
        Run run = TestGuest.run(TestGuest.long64("""
            main:   mov     rbx, 0x140000000
                    popcnt  rax, [rbx]
                    exit    0
            trap:   cmp     edi, 14
                    jne     bad
                    cmp     dword [rsi], 0
                    jne     bad
                    mov     rax, cr2
                    cmp     rax, rbx
                    jne     bad
                    exit    1
            bad:    exit    2
            """));
        assertThat(run.code()).isEqualTo(3);
    }

    @Test
    void aCompletedInstructionReachesDevicesAndUnclaimedMemory() throws Exception {
        Run run = TestGuest.run(TestGuest.long64("""
            main:   mov     ebx, 0xFED00000
                    popcnt  eax, [rbx]
                    cmp     eax, 32
                    jne     bad
                    exit    1
            bad:    exit    0
            trap:   exit    2
            """));
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.report().unclaimed().mmioReads()).isEqualTo(1);
    }

    @Test
    void manyFailuresInARowKeepRegistersRight() throws Exception {
        Run run = TestGuest.run(TestGuest.long64("""
            main:   mov     ecx, 2000
                    xor     edx, edx
            .loop:  popcnt  eax, ecx
                    add     edx, eax
                    dec     ecx
                    jnz     .loop
                    cmp     edx, 10870
                    jne     bad
                    exit    1
            bad:    exit    0
            trap:   exit    2
            """));
        int sum = 0;
        for (int i = 1; i <= 2000; i++) {
            sum += Integer.bitCount(i);
        }
        assertThat(sum).isEqualTo(10_870);
        assertThat(run.code()).isEqualTo(3);
    }
}
