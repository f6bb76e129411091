package dev.cloister.vmm.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DebuggingListTest {
    /** A debugger's process may do what any may, take connections on the one descriptor, and four things with a vCPU; no more. */
    @Test
    void debuggingAddsTheListenerAndTheVcpusDebugStateOnly() {
        int self = 4711;
        int listener = 42;
        SystemCallList plain = SystemCallList.load(self);
        SystemCallList debugging = SystemCallList.loadForDebugging(self, listener);
        List<SystemCallList.Entry> added = new ArrayList<>(debugging.entries());
        added.removeAll(plain.entries());
        assertThat(debugging.entries()).containsAll(plain.entries());
        assertThat(added).extracting(SystemCallList.Entry::call).containsExactly("accept4", "ioctl");
        assertThat(added).allSatisfy(entry -> assertThat(entry.conditions()).hasSize(1));
        assertThat(added.getFirst().conditions().getFirst().values()).containsExactly(listener);
        assertThat(added.getLast().conditions().getFirst().values())
                .containsExactly(0x4048ae9b, 0x8080aea1, 0x4080aea2, 0x8004ae98);
    }
}
