package dev.cloister.vmm.processor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.CpuidEntries.Entry;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The CPUID leaves that depend on the machine. */
class CpuidTableTest {
    @ParameterizedTest
    @CsvSource({"1, 0", "2, 1", "3, 2", "4, 2", "5, 3", "64, 6"})
    void theCpuidTableTellsTopologyAndCloister(int cpus, int shift) {
        CpuidEntries table = new CpuidEntries();
        table.set(Entry.leaf(0, 0xd, 0, 0, 0));
        table.set(Entry.leaf(1, 0, 0x0000_0800, 0, 0));
        table.set(Entry.leaf(0xd, 7, 7, 7, 7));
        table.set(Entry.leaf(0x8000_0001, 0, 0, 0, 1 << 26));
        table.set(Entry.leaf(0x8000_0008, 0x3030, 0, 0, 0));
        CpuidTable.forVcpu(table, cpus - 1, cpus);
        Entry features = table.get(1, 0).orElseThrow();
        assertThat(features.ebx() >>> 24).isEqualTo(cpus - 1);
        assertThat(features.ebx() >> 16 & 0xff).isEqualTo(cpus);
        assertThat(features.ebx() & 0xffff).isEqualTo(0x800);
        assertThat(features.ecx()).isNegative();
        assertThat((features.edx() >> 28 & 1) == 1).isEqualTo(cpus > 1);
        assertThat(table.get(0xb, 1).orElseThrow()).isEqualTo(new Entry(0xb, 1, 1, shift, cpus, 0x201, cpus - 1));
        assertThat(table.get(0x8000_0008, 0).orElseThrow().ecx()).isEqualTo(cpus - 1 | shift << 12);
        assertThat(CpuidTable.physicalAddressBits(table)).isEqualTo(0x30);
        assertThat(CpuidTable.gigabytePages(table)).isTrue();
        int[] answer = new int[4];
        CpuidTable.answer(table, 0x4000_0100, 0, answer);
        assertThat(answer).containsExactly(0x4000_0101, 0x696f_6c43, 0x7265_7473, 0x004d_4d56);
        CpuidTable.answer(table, 0x1234, 0, answer);
        assertThat(answer).as("above the last basic leaf: that leaf").containsExactly(7, 7, 7, 7);
        CpuidTable.answer(table, 0x8fff_0000, 0, answer);
        assertThat(answer).containsExactly(0, 0, 0, 0);
    }
}
