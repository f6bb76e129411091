package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.TestGuest.Run;
import dev.cloister.vmm.config.OnReboot;
import dev.cloister.vmm.engine.ExitKind;
import dev.cloister.vmm.report.Report;
import dev.cloister.vmm.virtio.DiskConfig;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A kernel of ours with drivers for entropy device and disk, which are told by MSI-X, under each engine. */
@Timeout(600)
class VirtioGuestTest extends EveryEngine {
    private static final int SECTOR = 512;

    /**
     * Vector 0x41 counts the entropy device's interrupts, 0x42 the disk's. {@code setup} takes a slot in ECX and a vector in EDX and leaves
     * the function's registers in RBX: MSI-X on, queue 0 with 8 descriptors at RBP, its driver area at RBP+0x100 and its device area at
     * RBP+0x200. {@code submit} makes chain 0 available, notifies and halts until the queue has used it.
     */
    private static final String DRIVERS = """
        main:   mov     al, 0xff
                out     0x21, al
                out     0xa1, al
                mov     edi, 0xfee000f0
                mov     dword [rdi], 0x1ff
                mov     ecx, 1
                mov     edx, 0x41
                lea     rbp, [rings]
                call    setup
                lea     rax, [bytes]
                mov     [rbp], rax
                mov     dword [rbp + 8], 32
                mov     word [rbp + 12], 2
                call    submit
                cmp     dword [rbp + 0x208], 32
                jne     length
                lea     rsi, [bytes]
                mov     rax, [rsi]
                or      rax, [rsi + 8]
                or      rax, [rsi + 16]
                jz      length
                mov     ecx, 2
                mov     edx, 0x42
                lea     rbp, [rings]
                add     rbp, 0x1000
                call    setup
                lea     rax, [request]
                mov     [rbp], rax
                mov     dword [rbp + 8], 16
                mov     dword [rbp + 12], 0x10001
                lea     rax, [sector]
                mov     [rbp + 16], rax
                mov     dword [rbp + 24], 512
                mov     dword [rbp + 28], 0x20003
                lea     rax, [verdict]
                mov     [rbp + 32], rax
                mov     dword [rbp + 40], 1
                mov     dword [rbp + 44], 2
                mov     r15d, ROUNDS
        again:  mov     byte [verdict], 0xff
                mov     dword [request], 0
                mov     dword [rbp + 28], 0x20003
                mov     qword [request + 8], 1
                call    submit
                cmp     byte [verdict], 0
                jne     failed
                lea     rsi, [sector]
                inc     byte [rsi]
                mov     byte [verdict], 0xff
                mov     dword [request], 1
                mov     dword [rbp + 28], 0x20001
                call    submit
                cmp     byte [verdict], 0
                jne     failed
                dec     r15d
                jnz     again
                cmp     dword [entropy], 1
                jne     count
                cmp     dword [disk], 2 * ROUNDS
                ja      count
                cmp     byte [sector], LAST
                je      done
                mov     dx, 0xcf9
                mov     al, 6
                out     dx, al
        reset:  jmp     reset
        done:   exit    21
        length: exit    1
        failed: exit    2
        count:  exit    3
        wrong:  exit    4

        setup:  shl     ecx, 15
                mov     esi, 0xe0000000
                add     rsi, rcx
                cmp     word [rsi], 0x1af4
                jne     wrong
                mov     dword [rsi + 4], 6
                mov     ebx, [rsi + 0x10]
                and     ebx, 0xfffffff0
                movzx   eax, byte [rsi + 0x34]
        find:   cmp     byte [rsi + rax], 0x11
                je      found
                movzx   eax, byte [rsi + rax + 1]
                jmp     find
        found:  mov     word [rsi + rax + 2], 0x8000
                mov     dword [rbx + 0x4010], 0xfee00000
                mov     dword [rbx + 0x4014], 0
                mov     [rbx + 0x4018], edx
                mov     dword [rbx + 0x401c], 0
                mov     byte [rbx + 0x14], 0
                mov     byte [rbx + 0x14], 1
                mov     byte [rbx + 0x14], 3
                mov     dword [rbx + 8], 1
                mov     dword [rbx + 12], 1
                mov     byte [rbx + 0x14], 0xb
                test    byte [rbx + 0x14], 8
                jz      wrong
                mov     word [rbx + 0x16], 0
                mov     word [rbx + 0x18], 8
                mov     word [rbx + 0x1a], 1
                cmp     word [rbx + 0x1a], 1
                jne     wrong
                mov     rax, rbp
                mov     [rbx + 0x20], eax
                mov     dword [rbx + 0x24], 0
                add     eax, 0x100
                mov     [rbx + 0x28], eax
                mov     dword [rbx + 0x2c], 0
                add     eax, 0x100
                mov     [rbx + 0x30], eax
                mov     dword [rbx + 0x34], 0
                mov     word [rbx + 0x1c], 1
                mov     byte [rbx + 0x14], 0xf
                ret

        submit: inc     word [rbp + 0x102]
                mov     word [rbx + 0x3000], 0
        asleep: cli
                mov     ax, [rbp + 0x202]
                cmp     ax, [rbp + 0x102]
                je      awake
                sti
                hlt
                jmp     asleep
        awake:  sti
                ret

        trap:   cmp     edi, 0x41
                jne     other
                inc     dword [entropy]
                jmp     served
        other:  cmp     edi, 0x42
                jne     wrong
                inc     dword [disk]
        served: mov     eax, 0xfee000b0
                mov     dword [rax], 0
                ret

                section .data
                align   16
        request: dd     0, 0
                dq      1
        entropy: dd     0
        disk:   dd      0
        verdict: db     0
                section .bss
                align   4096
        rings:  resb    8192
        bytes:  resb    32
        sector: resb    512
        """;

    /** Sector 1's first byte counts the rounds. A guest that has lives left resets its machine. */
    private static Run rounds(Path folder, int rounds, int lives) throws Exception {
        Path image = folder.resolve("disk");
        byte[] before = new byte[8 * SECTOR];
        byte[] text = "sector one".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, before, SECTOR, text.length);
        Files.write(image, before);
        byte[] after = before.clone();
        after[SECTOR] += (byte) (rounds * lives);
        DiskConfig disk = new DiskConfig(DiskConfig.open(image, false), false);

        String source = DRIVERS.replace("2 * ROUNDS", Integer.toString(2 * rounds))
                .replace("ROUNDS", Integer.toString(rounds))
                .replace("LAST", Integer.toString(Byte.toUnsignedInt(after[SECTOR])));
        Run run = TestGuest.run(TestGuest.config(TestGuest.long64(source))
                .virtio(new VirtioConfig(true, List.of(disk)))
                .onReboot(OnReboot.RESTART));

        assertThat(run.report().detail()).isEqualTo("value 21");
        assertThat(Arrays.mismatch(Files.readAllBytes(image), after)).isEqualTo(-1);
        return run;
    }

    private static long writes(Run run) {
        return run.report().exits().stream()
                .filter(each -> each.name().equals(ExitKind.MMIO_WRITE.label()))
                .mapToLong(Report.Count::count)
                .sum();
    }

    @Test
    void entropyAndDiskWorkByMessages(@TempDir Path folder) throws Exception {
        rounds(folder, 20, 1);
    }

    @Test
    void theyWorkAfterARestartAsWell(@TempDir Path folder) throws Exception {
        assertThat(rounds(folder, 5, 3).report().notes()).contains("the guest rebooted 2 times");
    }

    @Test
    void whatNotificationsCost(@TempDir Path folder) throws Exception {
        long few = writes(rounds(folder, 10, 1));
        long more = writes(rounds(folder, 30, 1));

        // Two requests in a round. KVM's eventfds take them where there is KVM, and nothing else differs.
        assertThat(more - few).isEqualTo(engine == Engine.DIRECT ? 0 : 40);
    }
}
