package dev.cloister.vmm.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What consoles add to the list: two requests on standard input, and accepting on their own descriptors. */
class ConsoleListTest {
    private final int self = (int) ProcessHandle.current().pid();

    @Test
    void aTerminalMayBeGivenBackAndNothingElse() {
        List<SystemCallList.Entry> plain = SystemCallList.load(self).entries();
        List<SystemCallList.Entry> all =
                SystemCallList.load(self).withTerminal().entries();
        assertThat(all).hasSize(plain.size() + 1);
        SystemCallList.Entry added = all.getLast();
        assertThat(added.call()).isEqualTo("ioctl");
        assertThat(added.conditions().getFirst().values()).containsExactly(0);
        assertThat(added.conditions().getLast().values()).containsExactly(0x5402, 0x540f);
    }

    @Test
    void connectionsAreAcceptedOnTheListenersAlone() {
        List<SystemCallList.Entry> plain = SystemCallList.load(self).entries();
        assertThat(plain).extracting(SystemCallList.Entry::call).doesNotContain("accept4", "socket", "connect", "bind");
        List<SystemCallList.Entry> all =
                SystemCallList.load(self).withListeners(List.of(17, 23)).entries();
        List<SystemCallList.Entry> added = all.subList(plain.size(), all.size());
        assertThat(added).hasSize(2).allMatch(entry -> entry.call().equals("accept4"));
        assertThat(added.getFirst().conditions().getFirst().values()).containsExactly(17);
        assertThat(added.getLast().conditions().getFirst().values()).containsExactly(23);
    }
}
