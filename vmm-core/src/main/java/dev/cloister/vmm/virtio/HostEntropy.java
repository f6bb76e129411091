package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.rng.RngDevice;
import dev.cloister.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Random bytes of the host's kernel (getrandom(2)). One thread at a time. */
final class HostEntropy implements RngDevice.Source {
    private static final long SYS_GETRANDOM = 318;
    private static final int CHUNK = 256;

    private final MemorySegment bytes = Arena.ofAuto().allocate(CHUNK);

    /** Up to 256 bytes at once are never cut short (getrandom(2)). */
    @Override
    public void fill(byte[] into) {
        for (int at = 0; at < into.length; at += CHUNK) {
            int count = Math.min(CHUNK, into.length - at);
            long result = Linux.syscall(SYS_GETRANDOM, bytes.address(), count, 0, 0, 0, 0);
            if (result != count) {
                throw new IllegalStateException("getrandom of " + count + " bytes returned " + result);
            }
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, into, at, count);
        }
    }
}
