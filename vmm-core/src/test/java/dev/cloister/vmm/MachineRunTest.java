package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.emulator.assembler.OutputFormat;
import dev.cloister.kvm.Kvm;
import dev.cloister.vmm.TestGuest.Run;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.report.FaultReport;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.Report;
import dev.cloister.vmm.report.ReportJson;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class MachineRunTest extends EveryEngine {
    @Test
    void aFlatGuestPrintsOnTheDebugPortAndExitsWithItsCode() throws Exception {
        Run run = TestGuest.run(TestGuest.real("""
                    mov     si, text
            next:   lodsb
                    test    al, al
                    jz      done
                    out     0xe9, al
                    jmp     next
            done:   exit 21
            text:   db "hello", 0
            """));
        assertThat(run.output()).isEqualTo("hello");
        assertThat(run.code()).isEqualTo(43);
        assertThat(run.exit().outcome()).isEqualTo(Outcome.DEBUG_EXIT);
        assertThat(run.report().times().createToFirstInstruction()).isPositive();
        assertThat(run.report().exits()).contains(new Report.Count("io-out", 6));
        assertThat(run.report().memory().beyondGuest()).isPositive();
    }

    @Test
    void aBootSectorFindsSomeBiosServices() throws Exception {
        // Prints by INT 10h, asks INT 12h for memory and INT 13h for a disk, and starts over by INT 19h.
        Run run = TestGuest.run(TestGuest.real("""
                    mov     ax, 0x0e42
                    int     0x10
                    int     0x12
                    cmp     ax, 639
                    jne     bad
                    xor     ax, ax
                    int     0x13
                    jnc     bad
                    cmp     ah, 0x86
                    jne     bad
                    int     0x1c
                    int     0x19
            bad:    exit    1
            """));
        assertThat(run.output()).isEqualTo("B");
        assertThat(run.exit().outcome()).isEqualTo(Outcome.RESET);
    }

    @Test
    void a64BitGuestFindsItsDirectoryByCpuid() throws Exception {
        Run run = TestGuest.run(TestGuest.long64("""
            main:   mov     eax, 0x40000100
                    cpuid
                    cmp     ebx, 0x696f6c43
                    jne     bad
                    mov     eax, 0x40000101
                    cpuid
                    cmp     eax, 1
                    jne     bad
                    shl     rcx, 32
                    mov     eax, ebx
                    or      rcx, rax
                    mov     rax, 0x52455453494F4C43
                    cmp     [rcx], rax
                    jne     bad
                    cmp     dword [rcx + 0x40], 0
                    jne     bad
                    exit    7
            bad:    exit    1
            trap:   exit    2
            """));
        assertThat(run.code()).isEqualTo(15);
    }

    @Test
    void serialInputArrivesByInterrupt() throws Exception {
        // The handler echoes what it receives and exits at a line feed; no iret is needed.
        byte[] typed = "cloister\n".getBytes(StandardCharsets.US_ASCII);
        Run run = TestGuest.run(TestGuest.config(TestGuest.real("""
                    cli
                    xor     ax, ax
                    mov     ds, ax
                    mov     word [0x0c * 4], handler
                    mov     word [0x0c * 4 + 2], 0
                    mov     al, 0x11
                    out     0x20, al
                    mov     al, 8
                    out     0x21, al
                    mov     al, 4
                    out     0x21, al
                    mov     al, 1
                    out     0x21, al
                    mov     al, 0xef
                    out     0x21, al
                    mov     dx, 0x3fc
                    mov     al, 8
                    out     dx, al
                    mov     dx, 0x3f9
                    mov     al, 1
                    out     dx, al
            idle:   sti
                    hlt
                    jmp     idle
            handler:
                    mov     dx, 0x3fd
                    in      al, dx
                    test    al, 1
                    jz      eoi
                    mov     dx, 0x3f8
                    in      al, dx
                    out     dx, al
                    cmp     al, 10
                    jne     handler
                    exit    3
            eoi:    mov     al, 0x20
                    out     0x20, al
                    add     sp, 6
                    jmp     idle
            """)).serialIn(new ByteArrayInputStream(typed)));
        assertThat(run.output()).isEqualTo("cloister\n");
        assertThat(run.code()).isEqualTo(7);
    }

    @Test
    void powerOffAndResetEndWithZero() throws Exception {
        Run off = TestGuest.run(TestGuest.real("""
                    mov     dx, 0x604
                    mov     ax, 0x2000
                    out     dx, ax
            spin:   jmp     spin
            """));
        assertThat(off.exit().outcome()).isEqualTo(Outcome.POWERED_OFF);
        assertThat(off.code()).isZero();
        Run reset = TestGuest.run(TestGuest.real("""
                    mov     al, 0xfe
                    out     0x64, al
            spin:   jmp     spin
            """));
        assertThat(reset.exit().outcome()).isEqualTo(Outcome.RESET);
        assertThat(reset.code()).isZero();
    }

    @Test
    void aResetAfterAPanicIsAFaultWithTheLastLinesOfTheConsole() throws Exception {
        Run run = TestGuest.run(TestGuest.real("""
                    mov     si, text
            next:   mov     al, [cs:si]
                    inc     si
                    test    al, al
                    jz      reset
                    mov     dx, 0x3f8
                    out     dx, al
                    jmp     next
            reset:  mov     dx, 0xcf9
                    mov     al, 6
                    out     dx, al
                    hlt
            text:   db "booting", 13, 10, "[ 1.2] Kernel panic - not syncing: no", 27, " init", 13, 10, "end", 0
            """));
        assertThat(run.exit().outcome()).isEqualTo(Outcome.GUEST_FAULT);
        assertThat(run.code()).isEqualTo(Outcome.CODE_GUEST_FAULT);
        FaultReport fault = run.report().fault();
        assertThat(fault).isNotNull();
        assertThat(fault.reason()).isEqualTo("Kernel panic - not syncing: no init");
        assertThat(fault.console()).containsExactly("booting", "[ 1.2] Kernel panic - not syncing: no init", "end");
        assertThat(fault.text()).startsWith("guest fault: Kernel panic").contains("    booting\n");
    }

    @Test
    void withoutDebugExitThePortIsUnclaimed() throws Exception {
        Run run = TestGuest.run(TestGuest.config(TestGuest.real("""
                    exit    1
                    in      al, 0xf4
                    cmp     al, 0xff
                    jne     spin
                    mov     dx, 0x604
                    mov     ax, 0x2000
                    out     dx, ax
            spin:   jmp     spin
            """)).debugExit(false));
        assertThat(run.exit().outcome()).isEqualTo(Outcome.POWERED_OFF);
        assertThat(run.report().unclaimed()).isEqualTo(new Report.Unclaimed(1, 1, 0, 0));
        assertThat(run.report().notes()).contains("unclaimed port 0xf4: 2");
    }

    @Test
    void unclaimedMemoryReadsAsAllOnesAndIsCounted() throws Exception {
        Run run = TestGuest.run(TestGuest.long64("""
            main:   mov     ebx, 0xFED80000
                    mov     eax, [rbx]
                    cmp     eax, -1
                    jne     bad
                    mov     [rbx], eax
                    mov     ax, [rbx + 6]
                    exit    4
            bad:    exit    1
            trap:   exit    2
            """));
        assertThat(run.code()).isEqualTo(9);
        assertThat(run.report().unclaimed().mmioReads()).isEqualTo(2);
        assertThat(run.report().unclaimed().mmioWrites()).isEqualTo(1);
        assertThat(run.report().violations()).isZero();
    }

    @Test
    void aTripleFaultIsReportedWithRegistersInstructionAndHistory() throws Exception {
        Run run = TestGuest.run(TestGuest.long64("""
            main:   mov     al, 'x'
                    out     0xe9, al
                    lidt    [empty]
                    mov     rbx, 0x1122334455667788
                    ud2
            trap:   ret
            empty:  dw 0
                    dq 0
            """));
        assertThat(run.exit().outcome()).isEqualTo(Outcome.GUEST_FAULT);
        assertThat(run.code()).isEqualTo(70);
        FaultReport fault = run.report().fault();
        assertThat(fault).isNotNull();
        assertThat(fault.reason()).contains("triple fault");
        assertThat(fault.lastExits()).anyMatch(line -> line.startsWith("io-out port 0xe9 size 1 value 0x78"));
        assertThat(fault.text())
                .contains("LONG_64", "rbx    1122334455667788", "ud2", "0f 0b", "what to do:")
                .doesNotContain("null");
        String json = ReportJson.write(run.report());
        assertThat(json).contains("\"outcome\":\"guest-fault\"", "\"rbx\":\"0x1122334455667788\"", "\"exitCode\":70");
    }

    @Test
    void theTimeoutEndsASpinningGuestWith124() throws Exception {
        Run run = TestGuest.run(
                TestGuest.config(TestGuest.real("spin: jmp spin\n")).timeout(Duration.ofMillis(300)));
        assertThat(run.exit().outcome()).isEqualTo(Outcome.TIMEOUT);
        assertThat(run.code()).isEqualTo(124);
    }

    @Test
    void firmwareIsEnteredAtTheResetVectorAndCannotBeWritten() throws Exception {
        byte[] rom = TestGuest.assemble(OutputFormat.FLAT, """
                    org 0xf0000
                    bits 16
            start:  mov     ax, 0xf000
                    mov     ds, ax
                    mov     al, [0]
                    out     0xe9, al
                    exit    5
                    times 0xfff0 - ($ - $$) db 0
                    jmp     0xf000:0
                    times 0x10000 - ($ - $$) db 0
            """);
        Run run = TestGuest.run(TestGuest.config(BootImage.firmware(TestGuest.segment(rom))));
        assertThat(run.code()).isEqualTo(11);
        assertThat(run.output()).hasSize(1);
    }

    @Test
    void badConfigurationsAreRefusedWithTheReason() {
        // Skips here and not inside the assertions, which would take the skip for the exception that they await.
        Kvm needed = TestGuest.kvm();
        if (needed != null) {
            needed.close();
        }
        BootImage image = TestGuest.real("hlt\n");
        assertThatThrownBy(() -> Machine.create(
                        TestGuest.kvm(), MachineConfig.builder(image).cpus(0).build()))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("0 vCPUs; expected 1 to 64");
        assertThatThrownBy(() -> Machine.create(
                        TestGuest.kvm(),
                        MachineConfig.builder(image).memory(5000).build()))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("5000 bytes");
        Kvm kvm = TestGuest.kvm();
        assertThatThrownBy(() -> Machine.create(
                        kvm,
                        MachineConfig.builder(BootImage.firmware(TestGuest.segment(new byte[100])))
                                .build()))
                .isInstanceOfSatisfying(
                        MachineException.class, e -> assertThat(e.exitCode()).isEqualTo(65));
        assertThat(kvm == null || !kvm.fd().isOpen()).isTrue();
    }
}
