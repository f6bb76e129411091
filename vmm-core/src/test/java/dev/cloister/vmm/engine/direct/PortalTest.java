package dev.cloister.vmm.engine.direct;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.vmm.report.Report;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the exit path looks up: portals, instructions that need more than general registers, counts by mnemonic. */
class PortalTest {
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
}
