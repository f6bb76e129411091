package dev.cloister.vmm.engine;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Host CPUs that threads may run on (sched_setaffinity(2)).
 *
 * @param cpus numbers of host CPUs; empty: any
 */
public record CpuAffinity(List<Integer> cpus) {
    private static final long SYS_SCHED_SETAFFINITY = 203;

    /** Confines the calling thread. */
    public void apply() throws ErrnoException {
        if (cpus.isEmpty()) {
            return;
        }
        int highest = cpus.stream().mapToInt(Integer::intValue).max().orElse(0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate((highest / Long.SIZE + 1L) * Long.BYTES, Long.BYTES);
            for (int cpu : cpus) {
                long index = cpu / Long.SIZE;
                long bits = mask.getAtIndex(ValueLayout.JAVA_LONG, index);
                mask.setAtIndex(ValueLayout.JAVA_LONG, index, bits | 1L << cpu % Long.SIZE);
            }
            long result = Linux.syscall(SYS_SCHED_SETAFFINITY, 0, mask.byteSize(), mask.address(), 0, 0, 0);
            Linux.check(result, "sched_setaffinity", "host CPUs " + cpus);
        }
    }
}
