package dev.cloister.vmm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The last exits, as a fault report shows them. */
class ExitRingTest {
    @Test
    void theExitRingKeepsTheLastExitsAndFoldsRepetitions() {
        ExitRing ring = new ExitRing();
        for (int i = 0; i < 100; i++) {
            ring.add(ExitKind.IO_OUT, i, 1, 0xab);
        }
        for (int i = 0; i < 1000; i++) {
            ring.add(ExitKind.IO_IN, 0x3fd, 1, i);
        }
        ring.add(ExitKind.MMIO_WRITE, 0xE000_0000L, 4, 7);
        List<String> lines = ring.describe();
        assertThat(lines).hasSize(ExitRing.CAPACITY);
        assertThat(lines.getFirst()).isEqualTo("io-out port 0x56 size 1 value 0xab");
        assertThat(lines.get(ExitRing.CAPACITY - 2)).isEqualTo("io-in port 0x3fd size 1 value 0x3e7 (1000 times)");
        assertThat(lines.getLast()).isEqualTo("mmio-write gpa 0xe0000000 size 4 value 0x7");
    }
}
