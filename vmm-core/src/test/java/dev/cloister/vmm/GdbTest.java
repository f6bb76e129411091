package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.report.Outcome;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The stub with the real gdb where one is installed, and with packets by hand where gdb would not send them; under each engine. */
@Timeout(600)
class GdbTest {
    private static final String LOOP = """
        main:   mov     esi, 0x5ca1ab1e
                mov     dword [0x9000], 5
                mov     ecx, 3
                mov     ebx, 0x1111
        again:  add     dword [0x9000], 1
                loop    again
                mov     eax, [0x9004]
                mov     eax, [0x9000]
                add     eax, ebx
                out     0xf4, al
        trap:   exit    99
        """;

    @TempDir
    private Path folder;

    /** Addresses of the guest's own text, found by gdb itself: the first instruction of main loads this immediate. */
    private static final String FIND_MAIN = "find /b 0x100000, 0x110000, 0xbe, 0x1e, 0xab, 0xa1, 0x5c";

    private static final String[] TO_MAIN = {FIND_MAIN, "set $main = $_", "hbreak *$main", "continue"};

    private static String[] with(String[] first, String... more) {
        return java.util.stream.Stream.concat(java.util.Arrays.stream(first), java.util.Arrays.stream(more))
                .toArray(String[]::new);
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void breakpointsStepsRegistersAndMemory(Engine engine) throws Exception {
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, TestGuest.long64(LOOP))) {
            String out = guest.gdb(with(
                    TO_MAIN,
                    "printf \"at main %d\\n\", $pc == $main",
                    "stepi",
                    "stepi",
                    "printf \"written %d\\n\", *(int*)0x9000",
                    "stepi",
                    "stepi",
                    "printf \"rcx %d rbx %#x\\n\", $rcx, $rbx",
                    "break *$pc",
                    "tbreak *($pc+8)",
                    "continue",
                    "set $rcx = 1",
                    "set $rbx = 0x10",
                    "set *(int*)0x9000 = 40",
                    "delete",
                    "print $xmm0.uint128",
                    "set $xmm3.v4_int32[1] = 77",
                    "print $xmm3.v4_int32[1]",
                    "info registers rip eflags cs cr0 cr3 cr4 efer fs_base gs_base k_gs_base st0 mxcsr",
                    "x/3i $pc",
                    "continue"));
            assertThat(out).contains("at main 1", "written 5", "rcx 3 rbx 0x1111", "Breakpoint", "= 77", "loop", "[ ");
            // 40 in memory and one more turn, then 0x10 added; the guest exits with (v << 1 | 1).
            assertThat(guest.await().outcome()).isEqualTo(Outcome.DEBUG_EXIT);
            assertThat(out).contains("exited with code");
            assertThat(guest.await().exitCode()).as(out).isEqualTo((41 + 0x10 << 1 | 1) & 0xff);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void watchpointsTellOfWritesReadsAndBoth(Engine engine) throws Exception {
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, TestGuest.long64(LOOP))) {
            String out = guest.gdb(with(
                    TO_MAIN,
                    "delete",
                    "watch *(int*)0x9000",
                    "continue",
                    "continue",
                    "delete",
                    "rwatch *(int*)0x9004",
                    "continue",
                    "delete",
                    "awatch *(int*)0x9000",
                    "continue",
                    "delete",
                    "detach"));
            assertThat(out)
                    .contains(
                            "Old value = 0\nNew value = 5",
                            "Old value = 5\nNew value = 6",
                            "read watchpoint",
                            "(read/write) watchpoint",
                            "Value = 8");
            assertThat(guest.await().exitCode()).isEqualTo((8 + 0x11 << 1 | 1) & 0xff);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void realModeIsShownAsA32BitProcessor(Engine engine) throws Exception {
        BootImage image = TestGuest.real("""
            start:  mov     ax, 0x1234
                    mov     bx, ax
                    push    bx
                    pop     cx
                    mov     al, 7
                    out     0xf4, al
            """);
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, image)) {
            String out = guest.gdb(
                    "show architecture",
                    "set architecture i8086",
                    "x/2i $pc",
                    "break *0x7c06",
                    "continue",
                    "printf \"ebx %#x eip %#x\\n\", $ebx, $eip",
                    "kill");
            assertThat(out).contains("i8086", "0x1234,%ax", "ebx 0x1234 eip 0x7c06");
            assertThat(guest.await().outcome()).isEqualTo(Outcome.STOPPED);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void aGuestThatSpinsIsInterruptedAndGoesOn(Engine engine) throws Exception {
        BootImage image = TestGuest.long64("""
            main:   cmp     byte [0x9000], 0
                    je      main
                    mov     al, [0x9000]
                    out     0xf4, al
            trap:   exit    99
            """);
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, image);
                GdbGuest.Client client = guest.client()) {
            assertThat(client.ask("?")).startsWith("T05");
            for (int i = 0; i < 3; i++) {
                client.send("vCont;c");
                client.raw("\u0003");
                assertThat(client.answer()).startsWith("T02");
            }
            assertThat(client.ask("m9000,4")).isEqualTo("00000000");
            assertThat(client.ask("M9000,1:21")).isEqualTo("OK");
            assertThat(client.ask("vCont;c")).isEqualTo("W43");
            assertThat(guest.await().exitCode()).isEqualTo(0x43);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void aFaultIsShownBeforeItEndsTheGuest(Engine engine) throws Exception {
        BootImage image = TestGuest.long64("""
            main:   lidt    [none]
                    mov     esi, 0x5ca1ab1e
                    ud2
            trap:   exit    99
            none:   dq      0, 0
            """);
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, image)) {
            String out = guest.gdb("continue", "x/i $pc", "continue");
            assertThat(out).contains("SIGSEGV", "triple fault", "ud2");
            assertThat(guest.await().outcome()).isEqualTo(Outcome.GUEST_FAULT);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void eachVcpuIsAThread(Engine engine) throws Exception {
        try (GdbGuest guest = new GdbGuest(folder, engine, 2, TestGuest.long64(LOOP))) {
            String out = guest.gdb(with(
                    TO_MAIN,
                    "info threads",
                    "set scheduler-locking on",
                    "stepi",
                    "thread 2",
                    "print $pc",
                    "thread 1",
                    "delete",
                    "set scheduler-locking off",
                    "continue"));
            assertThat(out).contains("Thread 1 (vCPU 0)", "Thread 2 (vCPU 1, waits for its start)");
            assertThat(guest.await().exitCode()).as(out).isEqualTo((8 + 0x11 << 1 | 1) & 0xff);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void aPeerThatGoesLeavesNoStopPointsAndAnotherMayCome(Engine engine) throws Exception {
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, TestGuest.long64(LOOP))) {
            try (GdbGuest.Client client = guest.client()) {
                assertThat(client.ask("Z1,100000,1")).isEqualTo("OK");
                assertThat(client.ask("Z2,9000,4")).isEqualTo("OK");
            }
            String out = guest.gdb("print $pc", "continue");
            assertThat(out).contains("exited with code");
            assertThat(guest.await().exitCode()).as(out).isEqualTo((8 + 0x11 << 1 | 1) & 0xff);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void theGuestWaitsForGdbAtABreakpointOfTheCommandLine(Engine engine) throws Exception {
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, TestGuest.long64(LOOP), List.of("gpa:0x100001"))) {
            try (GdbGuest.Client client = guest.client()) {
                // The guest may be there already or be stopped on its way; going on leads there in either case.
                String stop = client.ask("?");
                String rip = client.ask("p10");
                if (!rip.startsWith("0100100000")) {
                    stop = client.ask("c");
                }
                assertThat(stop).startsWith("T05");
                assertThat(client.ask("p10")).isEqualTo("0100100000000000");
                assertThat(client.ask("D")).isEqualTo("OK");
            }
            assertThat(guest.await().exitCode()).isEqualTo((8 + 0x11 << 1 | 1) & 0xff);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void userCodeStopsLikeAKernel(Engine engine) throws Exception {
        BootImage image = TestGuest.long64("""
            main:   or      qword [pml4], 4
                    or      qword [pdpt], 4
                    or      qword [page_directories], 4
                    mov     rax, cr3
                    mov     cr3, rax
                    lgdt    [user_gdt_pointer]
                    push    0x1B
                    mov     eax, stack_top
                    push    rax
                    pushfq
                    push    0x23
                    lea     rax, [user]
                    push    rax
                    iretq
            user:   mov     esi, 0x5ca1ab1e
                    mov     dword [0x9000], 5
                    movq    xmm1, rsi
            spin:   jmp     spin
            trap:   exit    99
            align 8
            user_gdt:
                    dq      0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00CFF3000000FFFF, 0x00AFFB000000FFFF
            user_gdt_pointer:
                    dw      39
                    dq      user_gdt
            """);
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, image)) {
            String out = guest.gdb(with(
                    TO_MAIN,
                    "printf \"cs %#x ss %#x\\n\", $cs, $ss",
                    "stepi",
                    "watch *(int*)0x9000",
                    "continue",
                    "stepi",
                    "printf \"xmm1 %#x\\n\", $xmm1.v4_int32[0]",
                    "stepi",
                    "x/i $pc",
                    "kill"));
            assertThat(out).contains("cs 0x23 ss 0x1b", "New value = 5", "xmm1 0x5ca1ab1e", "jmp");
            assertThat(guest.await().outcome()).isEqualTo(Outcome.STOPPED);
        }
    }

    /** Interrupts come while every instruction is looked at: to a guest that halts and to one that spins. */
    @ParameterizedTest
    @CsvSource({"DIRECT,hlt", "DIRECT,nop", "EMULATED,hlt", "EMULATED,nop"})
    void interruptsComeWhileDataIsWatched(Engine engine, String waits) throws Exception {
        BootImage image = TestGuest.real("""
            %macro port 2
                    mov     al, %2
                    out     %1, al
            %endm
            start:  cli
                    xor     ax, ax
                    mov     ds, ax
                    mov     ss, ax
                    mov     sp, 0x7000
                    port    0x20, 0x11
                    port    0x21, 0x20
                    port    0x21, 4
                    port    0x21, 1
                    port    0x21, 0xfe
                    mov     word [0x80], tick
                    mov     word [0x82], 0
                    port    0x43, 0x34
                    port    0x40, 0xa9
                    port    0x40, 4
                    mov     word [0x9000], 0
                    sti
            wait:   WAITS
                    cmp     word [0x9000], 5
                    jb      wait
                    cli
                    mov     al, [0x9000]
                    out     0xf4, al
            tick:   push    ax
                    inc     word [0x9000]
                    port    0x20, 0x20
                    pop     ax
                    iret
            """.replace("WAITS", waits));
        try (GdbGuest guest = new GdbGuest(folder, engine, 1, image)) {
            String out = guest.gdb(
                    "watch *(short*)0x9000", "continue", "continue", "print *(short*)0x9000", "delete", "continue");
            assertThat(out).contains("New value = 1", "New value = 2", "$1 = 2", "exited with code");
            assertThat(guest.await().outcome()).as(out).isEqualTo(Outcome.DEBUG_EXIT);
        }
    }
}
