package dev.cloister.vmm.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What taps add to the list: frames and one request, on their own descriptors alone. */
class TapListTest {
    private static final int TUNSETOFFLOAD = 0x400454d0;

    @Test
    void framesAreBoundToTheTapsDescriptors() {
        int self = (int) ProcessHandle.current().pid();
        List<SystemCallList.Entry> plain = SystemCallList.load(self).entries();
        assertThat(plain).extracting(SystemCallList.Entry::call).doesNotContain("readv", "writev");
        List<SystemCallList.Entry> all =
                SystemCallList.load(self).withTaps(List.of(17, 23)).entries();
        List<SystemCallList.Entry> added = all.subList(plain.size(), all.size());
        assertThat(added)
                .extracting(SystemCallList.Entry::call)
                .containsExactly("readv", "writev", "ioctl", "readv", "writev", "ioctl");
        for (int i = 0; i < added.size(); i++) {
            assertThat(added.get(i).conditions().getFirst().argument()).isZero();
            assertThat(added.get(i).conditions().getFirst().values()).containsExactly(i < 3 ? 17 : 23);
        }
        assertThat(added.get(2).conditions().getLast().values()).containsExactly(TUNSETOFFLOAD);
    }
}
