package dev.cloister.vmm.engine.emulated;

import dev.cloister.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Random numbers of the host's kernel for RDRAND and RDSEED. One thread; allocates nothing when asked. */
final class HostRandom {
    private static final long SYS_GETRANDOM = 318;

    private final MemorySegment bytes = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);

    /** 64 random bits. */
    long next() {
        Linux.syscall(SYS_GETRANDOM, bytes.address(), Long.BYTES, 0, 0, 0, 0);
        return bytes.get(ValueLayout.JAVA_LONG, 0);
    }
}
