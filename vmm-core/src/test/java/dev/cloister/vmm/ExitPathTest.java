package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.cloister.vmm.config.MachineState;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.Report;
import java.lang.management.ManagementFactory;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the exit path may never do: allocate. Also where its speed is printed. */
@Timeout(600)
class ExitPathTest {
    private static final int ROUNDS = 10;
    private static final long EXITS = 100_000;

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "port write | out 0x80, al",
                "port read | in al, 0x64",
                "unclaimed port | in al, 0x91",
                "unclaimed memory write | mov [rbx], eax",
                "unclaimed memory read | mov eax, [rbx]",
                "console | out 0xe9, al",
                "violation | mov [rcx], eax",
                "emulation failure | popcnt eax, edx",
                "emulation failure with extended state | pxor xmm0, xmm0",
            })
    void anExitAllocatesNothing(String name, String instruction) throws Exception {
        assumeTrue(
                ManagementFactory.getThreadMXBean() instanceof ThreadMXBean bean
                        && bean.isThreadAllocatedMemorySupported(),
                "this JVM does not count allocated bytes");
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Machine machine = TestGuest.machine(TestGuest.config(TestGuest.long64("main:   mov ebx, 0xE0000000\n"
                + "        mov ecx, 0xD0000000\n.again: " + instruction + "\n        jmp .again\ntrap: exit 2\n")))) {
            machine.start();
            // The first exits load classes and compile; a burst of violations may be reported.
            awaitExits(machine, 20_000);
            long id = vcpuThread();
            // One object for each exit would be a hundred times this bound; the JVM itself makes a few on this thread:
            // a
            // lock's node, what its JIT did not foresee.
            long excess = Long.MAX_VALUE;
            // Until compiled, the same code allocates; on a busy machine the compiler may be late.
            for (int round = 0; round < ROUNDS && excess > 0; round++) {
                excess = allocatedBeyondReports(machine, name, bean, id) - EXITS / 10;
            }
            machine.stop();
            assertThat(machine.await().outcome()).isEqualTo(Outcome.STOPPED);
            assertThat(excess).isNotPositive();
        }
    }

    private static long allocatedBeyondReports(Machine machine, String name, ThreadMXBean bean, long id) {
        long start = System.nanoTime();
        long before = bean.getThreadAllocatedBytes(id);
        awaitExits(machine, total(machine) + EXITS);
        long allocated = bean.getThreadAllocatedBytes(id) - before;
        // A reported violation makes its text: a few a second, whatever the guest does.
        long seconds = (System.nanoTime() - start) / 1_000_000_000L + 2;
        return allocated - (name.equals("violation") ? seconds * 4 * 2048 : 0);
    }

    private static void awaitExits(Machine machine, long count) {
        while (total(machine) < count) {
            assertThat(machine.state()).isEqualTo(MachineState.RUNNING);
            LockSupport.parkNanos(10_000_000);
        }
    }

    private static long total(Machine machine) {
        return machine.exits().stream().mapToLong(Report.Count::count).sum();
    }

    private static long vcpuThread() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().equals("vcpu-guest-0"))
                .findFirst()
                .orElseThrow()
                .threadId();
    }
}
