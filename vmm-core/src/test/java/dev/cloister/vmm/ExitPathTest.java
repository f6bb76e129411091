package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the exit path may never do: allocate. Also where its speed is printed. */
@Timeout(120)
class ExitPathTest {
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
            long exitsBefore = total(machine);
            long before = bean.getThreadAllocatedBytes(id);
            long start = System.nanoTime();
            awaitExits(machine, exitsBefore + EXITS);
            long nanos = System.nanoTime() - start;
            long allocated = bean.getThreadAllocatedBytes(id) - before;
            long exits = total(machine) - exitsBefore;
            machine.stop();
            assertThat(machine.await().outcome()).isEqualTo(Outcome.STOPPED);
            System.out.printf("%s: %d exits, %d ns each, %d bytes allocated%n", name, exits, nanos / exits, allocated);
            // A reported violation makes its text: a few a second, whatever the guest does.
            long reports = name.equals("violation") ? (nanos / 1_000_000_000L + 2) * 4 * 2048 : 0;
            // The JVM itself makes a few objects on this thread: a lock's node, what its JIT did not foresee. One
            // object
            // for each exit would be a hundred times this bound.
            long strays = EXITS / 10;
            assertThat(allocated).isLessThanOrEqualTo(reports + strays);
        }
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
