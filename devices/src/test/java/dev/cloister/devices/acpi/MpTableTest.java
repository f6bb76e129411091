package dev.cloister.devices.acpi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The MP table, read as a kernel reads it (MultiProcessor Specification 1.4, sections 4.1 to 4.3). */
class MpTableTest {
    private static final long GPA = 0xF_0000;

    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    void aKernelFindsProcessorsAndInterruptLines(int processors) {
        AcpiMachine.PciRoot root =
                new AcpiMachine.PciRoot(0xE000_0000L, List.of(), List.of(), 16, 8, List.of(10, 10, 11, 11));
        AcpiMachine machine =
                new AcpiMachine(processors, 0xE_0000, 0x600, 9, 0xCF9, List.of(), Optional.of(root), List.of());
        byte[] all = AcpiTables.of(machine).multiprocessorTable(GPA);
        ByteBuffer in = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(all, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("_MP_");
        assertThat(sum(all, 0, 16)).isZero();
        int table = (int) (in.getInt(4) - GPA);
        assertThat(new String(all, table, 4, StandardCharsets.US_ASCII)).isEqualTo("PCMP");
        int length = in.getShort(table + 4);
        assertThat(table + length).isEqualTo(all.length);
        assertThat(sum(all, table, length)).isZero();
        assertThat(in.getInt(table + 36)).isEqualTo(0xFEE0_0000);
        List<Integer> types = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        int at = table + 44;
        for (int i = 0; i < in.getShort(table + 34); i++) {
            int type = all[at];
            types.add(type);
            if (type == 3) {
                lines.add(all[at + 4] + "." + all[at + 5] + ">" + all[at + 7]);
            }
            at += type == 0 ? 20 : 8;
        }
        assertThat(at).isEqualTo(all.length);
        assertThat(types).filteredOn(type -> type == 0).hasSize(processors);
        assertThat(types).isSorted().contains(1, 2, 4);
        // ISA's timer is on pin 2 and COM1 on 4; INTA of PCI slot 3 is on 19.
        assertThat(lines).contains("1.0>2", "1.4>4", "0.12>19").doesNotContain("1.2>2");
    }

    private static int sum(byte[] bytes, int start, int length) {
        int sum = 0;
        for (int i = start; i < start + length; i++) {
            sum += bytes[i];
        }
        return sum & 0xFF;
    }
}
