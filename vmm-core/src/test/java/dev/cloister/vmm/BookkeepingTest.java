package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.CpuidEntries.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What needs no KVM: counters, limits, the CPUID table, outcomes, texts. */
class BookkeepingTest extends EveryEngine {
    private static final long SECOND = 1_000_000_000L;

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

    @Test
    void mnemonicCountsAreBoundedAndLoseNothing() {
        MnemonicCounts counts = new MnemonicCounts();
        Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            counts.add("op" + random.nextInt(300));
        }
        counts.add("popcnt");
        assertThat(counts.total()).isEqualTo(10_001);
        assertThat(counts.list()).hasSize(MnemonicCounts.CAPACITY + 1);
        assertThat(counts.list().stream().mapToLong(Report.Count::count).sum()).isEqualTo(10_001);
        assertThat(counts.list().getLast().name()).isEqualTo("other");
    }

    @ParameterizedTest
    @CsvSource({
        "POWERED_OFF, 0, 0",
        "RESET, 0, 0",
        "STOPPED, 0, 0",
        "DEBUG_EXIT, 0, 1",
        "DEBUG_EXIT, 21, 43",
        "DEBUG_EXIT, 255, 255",
        "DEBUG_EXIT, -1, 255",
        "TIMEOUT, 9, 124",
        "GUEST_FAULT, 9, 70",
        "HOST_FAILURE, 9, 69"
    })
    void outcomesHaveTheDocumentedExitCodes(Outcome outcome, int value, int code) {
        assertThat(outcome.exitCode(value)).isEqualTo(code);
    }

    @Test
    void everyExitReasonHasAPortal() {
        for (int reason = -5; reason < 200; reason++) {
            assertThat(Portal.of(reason)).isNotNull();
        }
        assertThat(Portal.of(2)).isEqualTo(Portal.IO);
        assertThat(Portal.of(40)).isEqualTo(Portal.UNCLAIMED);
        assertThat(Portal.IO.reads() | Portal.MMIO.reads() | Portal.IO.writes()).isEqualTo(Portal.NOTHING);
        assertThat(Portal.INTERNAL_ERROR.reads()).isEqualTo(Portal.REGS | Portal.SREGS);
    }

    @ParameterizedTest
    @CsvSource({
        "0fae00, true",
        "660fefc0, true",
        "9b, true",
        "dfe0, true",
        "c4e2f8, true",
        "0f01d0, true",
        "48 0fc720, true",
        "0f01f9, false",
        "f3480fb8c3, false",
        "f0480fc70f, false",
        "cc, false",
        "48cf, false",
        "f20f38f0c3, true",
        "0f0b, false",
        "0fa2, false",
    })
    void extendedStateIsFetchedWhereAnInstructionMayTouchIt(String hex, boolean expected) {
        byte[] code = java.util.HexFormat.of().parseHex(hex.replace(" ", ""));
        assertThat(OpcodeClass.mayUseExtendedState(code, code.length)).isEqualTo(expected);
        assertThat(OpcodeClass.mayUseExtendedState(code, 0)).isTrue();
    }

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

    @Test
    void factsAboutThisProcessAddUp() {
        long now = System.nanoTime();
        long sinceStart = ProcessFacts.nanosSinceStart(now);
        assertThat(sinceStart).isBetween(1_000_000L, 3_600 * SECOND);
        Report.Memory none = ProcessFacts.memory(new long[0]);
        assertThat(none.guest()).isZero();
        assertThat(none.beyondGuest()).isEqualTo(none.resident()).isGreaterThan(1 << 20);
        Report.Memory all = ProcessFacts.memory(new long[] {0, -1});
        assertThat(all.beyondGuest()).isZero();
    }

    @Test
    void runControlParksReleasesAndEndsByTheFirstReason() throws Exception {
        List<String> kicks = new ArrayList<>();
        RunControl control = new RunControl(1, () -> kicks.add("kick"));
        assertThat(control.mayRun()).isFalse();
        assertThat(control.resume()).isTrue();
        assertThat(control.mayRun()).isTrue();
        Thread vcpu = Thread.ofPlatform().start(() -> {
            while (control.mayRun() || control.park()) {
                Thread.onSpinWait();
            }
            control.threadEnded();
        });
        assertThat(control.pause()).isTrue();
        assertThat(control.awaitThreads(10_000_000)).isFalse();
        assertThat(control.finish(new RunControl.End(Outcome.RESET, "first", 0, null)))
                .isTrue();
        assertThat(control.finish(new RunControl.End(Outcome.STOPPED, "second", 0, null)))
                .isFalse();
        assertThat(control.awaitThreads(0)).isTrue();
        assertThat(control.end().detail()).isEqualTo("first");
        assertThat(control.pause()).isFalse();
        assertThat(control.resume()).isFalse();
        assertThat(kicks).hasSize(3);
        vcpu.join();
    }
}
