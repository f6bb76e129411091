package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.EventFd;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.vmm.config.ChannelRequest;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.MachineEvents;
import dev.cloister.vmm.report.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class HostileGuestTest extends EveryEngine {
    private static final Duration PROMPT = Duration.ofSeconds(5);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "main: mov edx, ecx\nin eax, dx\nout dx, ax\ninc ecx\njmp main\ntrap: ret\n",
                "main: mov ebx, 0xC0000000\n"
                        + "mov edi, 0\n"
                        + ".a: mov eax, [rbx + rdi]\n"
                        + "mov [rbx + rdi], rax\n"
                        + "add edi, 4099\n"
                        + "and edi, 0x3fffffff\n"
                        + "jmp .a\n"
                        + "trap: ret\n",
                "main: mov dx, 0xC200\n.a: out dx, eax\njmp .a\ntrap: ret\n",
                "main: mov dx, 0xC21E\n.a: out dx, eax\nout dx, al\njmp .a\ntrap: ret\n",
                "main: mov dx, 0xC100\nmov ebx, 0xD0001000\n.a: out dx, eax\ninc dword [rbx]\njmp .a\ntrap: ret\n",
                "main: mov edi, 0xD0200000\nmov ecx, 0x10000\nrep stosb\njmp main\ntrap: ret\n",
                "main: int3\njmp main\ntrap: ret\n",
                "main: mov al, 'x'\n.a: out 0xe9, al\njmp .a\ntrap: ret\n",
            })
    void aStormIsSurvivedPausedAndStopped(String guest) throws Exception {
        // Ports that end the machine are part of the first storm: it may be over by itself.
        try (EventFd bell = EventFd.create();
                Machine machine = TestGuest.machine(TestGuest.config(TestGuest.long64(guest))
                        .channels(List.of(ChannelTest.event(Direction.OUT, 0))))) {
            machine.channels()
                    .attach(0, Direction.OUT, ChannelTest.fds(bell.fd().duplicate()));
            machine.start();
            LockSupport.parkNanos(200_000_000);
            if (machine.pause()) {
                assertThat(machine.resume()).isTrue();
            }
            LockSupport.parkNanos(100_000_000);
            long before = System.nanoTime();
            machine.stop();
            Outcome outcome = machine.await().outcome();
            assertThat(outcome).isIn(Outcome.STOPPED, Outcome.DEBUG_EXIT, Outcome.RESET, Outcome.POWERED_OFF);
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(PROMPT);
        }
    }

    @Test
    void aRequestStormReachesTheDaemonAtABoundedRate() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        MachineEvents events = new MachineEvents() {
            @Override
            public boolean request(ChannelRequest request) {
                asked.incrementAndGet();
                return false;
            }
        };
        MachineConfig.Builder config = TestGuest.config(TestGuest.long64("""
            main:   mov     ebx, 0xD0001000
                    mov     ecx, 3000
                    mov     dx, 0xC100
            .again: mov     dword [rbx], 1
                    mov     dword [rbx + 8], 1
                    mov     dword [rbx + 12], 2
                    mov     dword [rbx + 16], 'peer'
                    out     dx, eax
                    dec     ecx
                    jnz     .again
                    mov     al, [rbx + 4]
                    out     0xf4, al
            trap:   exit    2
            """)).events(events);
        int code = TestGuest.run(config).code();
        assertThat(code).isIn(4 << 1 | 1, 3 << 1 | 1);
        assertThat(asked.get()).isBetween(1, 40);
    }

    @Test
    void requestsAreAnsweredOnThePage() throws Exception {
        // Refused without a daemon (3), malformed (5): the statuses are the exit code's digits.
        TestGuest.Run run = TestGuest.run(TestGuest.long64("""
            main:   mov     ebx, 0xD0001000
                    mov     dx, 0xC100
                    mov     dword [rbx], 1
                    mov     dword [rbx + 8], 3
                    mov     dword [rbx + 12], 1
                    mov     dword [rbx + 16], 'peer'
                    out     dx, eax
                    mov     ecx, [rbx + 4]
                    cmp     dword [rbx + 0x40], 'no p'
                    jne     bad
                    mov     dword [rbx + 12], 9
                    out     dx, eax
                    shl     ecx, 4
                    or      ecx, [rbx + 4]
                    mov     al, cl
                    out     0xf4, al
            bad:    exit    1
            trap:   exit    2
            """));
        assertThat(run.code()).isEqualTo(0x35 << 1 | 1);
        assertThat(run.report().violations()).isEqualTo(1);
    }
}
