package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.vmm.TestGuest.Run;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.OnReboot;
import dev.cloister.vmm.report.Outcome;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest's reset restarts its machine in place where that is asked for. */
@Timeout(600)
class RebootTest extends EveryEngine {
    /**
     * Finds everything as after power-on or exits with what it found otherwise; leaves traces everywhere; then does what the next byte on
     * the serial line says: resets the machine, or exits with 21. The byte behind, which the port holds already, goes with the reset.
     */
    private static final String LIVES = """
                jmp     short life
        intact: db      0x77
        life:   cli
                cmp     byte [intact], 0x77
                jne     image
                mov     byte [intact], 0
                cmp     dword [0x9000], 0
                jne     ram
                mov     dword [0x9000], 0x12345678
                mov     dx, 0x3ff
                in      al, dx
                cmp     al, 0x5a
                je      serial
                mov     al, 0x5a
                out     dx, al
                mov     al, 0x0e
                out     0x70, al
                in      al, 0x71
                cmp     al, 0x5a
                je      cmos
                mov     al, 0x5a
                out     0x71, al
                in      al, 0x21
                cmp     al, 0xa5
                je      pic
                mov     al, 0xa5
                out     0x21, al
                mov     dx, 0xcf8
                mov     eax, 0x80000804
                out     dx, eax
                mov     dx, 0xcfc
                in      al, dx
                test    al, 2
                jnz     pci
                mov     al, 2
                out     dx, al
        wait:   mov     dx, 0x3fd
                in      al, dx
                test    al, 1
                jz      wait
                mov     dx, 0x3f8
                in      al, dx
                out     dx, al
                cmp     al, 'q'
                je      quit
                mov     dx, 0xcf9
                mov     al, 6
                out     dx, al
        spin:   jmp     spin
        quit:   exit    21
        image:  exit    1
        ram:    exit    2
        serial: exit    3
        cmos:   exit    4
        pic:    exit    5
        pci:    exit    6
        """;

    private static MachineConfig.Builder lives(String typed) {
        return TestGuest.config(TestGuest.real(LIVES))
                .onReboot(OnReboot.RESTART)
                .serialIn(new ByteArrayInputStream(typed.getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void eachLifeFindsTheMachineAsAfterPowerOn() throws Exception {
        Run run = TestGuest.run(lives("r-r-r-q"));
        assertThat(run.exit().report().detail()).isEqualTo("value 21");
        assertThat(run.output()).isEqualTo("rrrq");
        assertThat(run.report().notes()).contains("the guest rebooted 3 times");
    }

    @Test
    void severalProcessorsRestartAsOne() throws Exception {
        Run run = TestGuest.run(lives("r-r-q").cpus(3));
        assertThat(run.exit().report().detail()).isEqualTo("value 21");
        assertThat(run.output()).isEqualTo("rrq");
    }

    @Test
    void withoutThatTheFirstResetIsTheEnd() throws Exception {
        Run run = TestGuest.run(lives("r-q").onReboot(OnReboot.EXIT));
        assertThat(run.exit().outcome()).isEqualTo(Outcome.RESET);
        assertThat(run.output()).isEqualTo("r");
        assertThat(run.report().notes()).noneMatch(note -> note.contains("rebooted"));
    }

    @Test
    void aGuestThatDoesNothingButRebootFails() throws Exception {
        Run run = TestGuest.run(lives("r-".repeat(50)));
        assertThat(run.exit().outcome()).isEqualTo(Outcome.GUEST_FAULT);
        assertThat(run.code()).isEqualTo(Outcome.CODE_GUEST_FAULT);
        assertThat(run.report().detail())
                .isEqualTo("the guest does nothing but reboot: 11 times within 10 minutes, expected at most 10");
        assertThat(run.output()).isEqualTo("r".repeat(11));
    }

    @Test
    void aPanicIsAFaultAllTheSame() throws Exception {
        Run run = TestGuest.run(TestGuest.config(TestGuest.real("""
                    mov     si, text
            next:   lodsb
                    test    al, al
                    jz      done
                    out     0xe9, al
                    jmp     next
            done:   mov     dx, 0xcf9
                    mov     al, 6
                    out     dx, al
            spin:   jmp     spin
            text:   db "Kernel panic - not syncing: lost", 10, 0
            """)).onReboot(OnReboot.RESTART));
        assertThat(run.exit().outcome()).isEqualTo(Outcome.GUEST_FAULT);
        assertThat(run.report().detail()).isEqualTo("Kernel panic - not syncing: lost");
    }

    @Test
    void aTripleFaultIsAFaultAllTheSame() throws Exception {
        Run run = TestGuest.run(TestGuest.config(TestGuest.long64("""
            main:   lidt    [empty]
                    ud2
            trap:   exit    2
            empty:  dw 0
                    dq 0
            """)).onReboot(OnReboot.RESTART));
        assertThat(run.exit().outcome()).isEqualTo(Outcome.GUEST_FAULT);
        assertThat(run.report().detail()).contains("triple fault");
    }

    @Test
    void stopAndCloseReachAMachineInTheMiddleOfARestart() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 12; i++) {
            try (Machine machine = TestGuest.machine(lives("r-".repeat(50)))) {
                machine.start();
                LockSupport.parkNanos(random.nextInt(20_000_000));
                if (random.nextBoolean()) {
                    machine.stop();
                    assertThat(machine.await().outcome())
                            .as("seed %d, round %d", seed, i)
                            .isIn(Outcome.STOPPED, Outcome.GUEST_FAULT);
                }
            }
        }
    }
}
