package dev.cloister.vmm.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What disks add to the list: the four calls, on their own descriptors alone. */
class DiskListTest {
    @Test
    void diskCallsAreBoundToTheDisksDescriptors() {
        int self = (int) ProcessHandle.current().pid();
        List<SystemCallList.Entry> plain = SystemCallList.load(self).entries();
        assertThat(plain).extracting(SystemCallList.Entry::call).doesNotContain("pwritev", "fallocate", "fdatasync");
        List<SystemCallList.Entry> all =
                SystemCallList.load(self).withDisks(List.of(17, 23)).entries();
        assertThat(all.subList(0, plain.size())).isEqualTo(plain);
        List<SystemCallList.Entry> added = all.subList(plain.size(), all.size());
        assertThat(added).hasSize(8).allSatisfy(entry -> {
            assertThat(entry.conditions()).hasSize(1);
            assertThat(entry.conditions().getFirst().argument()).isZero();
            assertThat(entry.errno()).isZero();
        });
        assertThat(added.subList(0, 4))
                .allMatch(entry -> entry.conditions().getFirst().values().equals(List.of(17)));
        assertThat(added.subList(4, 8))
                .allMatch(entry -> entry.conditions().getFirst().values().equals(List.of(23)));
    }

    /** Their numbers aren't known beforehand; what changes a file's size is not among the modes of fallocate. */
    @Test
    void grantedDisksAddTheSameCallsAndNoModeThatChangesASize() {
        int self = (int) ProcessHandle.current().pid();
        List<SystemCallList.Entry> plain = SystemCallList.load(self).entries();
        List<SystemCallList.Entry> all =
                SystemCallList.load(self).withGrantedDisks().entries();
        List<SystemCallList.Entry> added = all.subList(plain.size(), all.size());
        assertThat(added)
                .extracting(SystemCallList.Entry::call)
                .containsExactly("preadv", "pwritev", "fdatasync", "fallocate");
        assertThat(added.getLast().conditions()).singleElement().satisfies(condition -> {
            assertThat(condition.argument()).isEqualTo(1);
            assertThat(condition.values()).isNotEmpty().allMatch(mode -> (mode & 1) == 1);
        });
    }
}
