package dev.cloister.devices.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Follows the tables from their root as a guest does. */
class AcpiTablesTest {
    private static final long BASE = 0xE_0000;
    private static final int LIST_START = 36;

    private static AcpiMachine machine(int processors, boolean pci) {
        AcpiMachine.PciRoot root = new AcpiMachine.PciRoot(
                0xE000_0000L,
                List.of(new AcpiMachine.Window(0xC000_0000L, 0x1000_0000L)),
                List.of(),
                16,
                8,
                List.of(10, 10, 11, 11));
        return new AcpiMachine(
                processors,
                BASE,
                0x600,
                9,
                0xCF9,
                List.of(new AcpiMachine.SerialPort(0x3F8, 4)),
                pci ? Optional.of(root) : Optional.empty(),
                List.of());
    }

    private static ByteBuffer memory(AcpiTables tables) {
        return ByteBuffer.wrap(tables.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int sum(ByteBuffer memory, int at, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += memory.get(at + i);
        }
        return sum & 0xFF;
    }

    private static String signature(ByteBuffer memory, int at, int length) {
        byte[] text = new byte[length];
        memory.get(at, text);
        return new String(text, StandardCharsets.US_ASCII);
    }

    /** Places of the tables that a list names, each with a good length and checksum. */
    private static List<Integer> listed(ByteBuffer memory, int list, int width) {
        List<Integer> result = new ArrayList<>();
        int length = memory.getInt(list + 4);
        assertThat(sum(memory, list, length)).isZero();
        for (int at = list + LIST_START; at < list + length; at += width) {
            long gpa = width == Long.BYTES ? memory.getLong(at) : memory.getInt(at);
            int place = (int) (gpa - BASE);
            assertThat(sum(memory, place, memory.getInt(place + 4)))
                    .as(signature(memory, place, 4))
                    .isZero();
            result.add(place);
        }
        return result;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8, 64, 255})
    void everyTableIsReachedFromTheRootByBothLists(int processors) {
        ByteBuffer memory = memory(AcpiTables.of(machine(processors, true)));
        assertThat(signature(memory, 0, 8)).isEqualTo("RSD PTR ");
        assertThat(sum(memory, 0, 20)).isZero();
        assertThat(sum(memory, 0, 36)).isZero();
        List<Integer> wide = listed(memory, (int) (memory.getLong(24) - BASE), Long.BYTES);
        List<Integer> narrow = listed(memory, (int) (memory.getInt(16) - BASE), Integer.BYTES);
        assertThat(wide).isEqualTo(narrow);
        assertThat(wide)
                .extracting(place -> signature(memory, place, 4))
                .containsExactlyInAnyOrder("FACP", "APIC", "MCFG");
        int fadt = wide.get(0);
        int facs = memory.getInt(fadt + 36) - (int) BASE;
        int dsdt = memory.getInt(fadt + 40) - (int) BASE;
        assertThat(signature(memory, facs, 4)).isEqualTo("FACS");
        assertThat(facs % 64).isZero();
        assertThat(signature(memory, dsdt, 4)).isEqualTo("DSDT");
        assertThat(sum(memory, dsdt, memory.getInt(dsdt + 4))).isZero();
        assertThat(memory.getLong(fadt + 140)).isEqualTo(BASE + dsdt);
    }

    /** ACPI 6.5, 5.8.1 and 6.2.13: a guest that doesn't say that it uses the I/O APIC is told of inputs of the 8259s. */
    @Test
    void interruptsOfPciAreRoutedAsTheGuestSaysThatItTakesThem() {
        byte[] dsdt = AcpiTables.of(machine(1, true)).table("DSDT");
        assertThat(contains(dsdt, Aml.method("\\_PIC", 1, Aml.storeFirstArgument("\\PICM"))))
                .isTrue();
        byte[] chosen = Aml.method("_PRT", 0, Aml.when("\\PICM", Aml.returned("PR01")), Aml.returned("PR00"));
        assertThat(contains(dsdt, chosen)).isTrue();
        assertThat(contains(dsdt, route(1, 3, 10))).isTrue();
        assertThat(contains(dsdt, route(2, 0, 11))).isTrue();
        assertThat(contains(dsdt, route(2, 0, 18))).isTrue();
        assertThat(contains(dsdt, route(31, 0, 23))).isTrue();
        assertThat(contains(dsdt, route(2, 0, 10))).isFalse();
    }

    private static byte[] route(int slot, int pin, int interrupt) {
        return Aml.pack(
                Aml.integer((long) slot << 16 | 0xFFFF), Aml.integer(pin), Aml.integer(0), Aml.integer(interrupt));
    }

    private static boolean contains(byte[] table, byte[] term) {
        String all = new String(table, StandardCharsets.ISO_8859_1);
        return all.contains(new String(term, StandardCharsets.ISO_8859_1));
    }

    @Test
    void aMachineWithoutPciHasNoMcfgAndNoBridge() {
        AcpiTables tables = AcpiTables.of(machine(1, false));
        ByteBuffer memory = memory(tables);
        assertThat(listed(memory, (int) (memory.getLong(24) - BASE), Long.BYTES))
                .hasSize(2);
        assertThatThrownBy(() -> tables.table("MCFG")).hasMessageContaining("MCFG");
        String dsdt = new String(tables.table("DSDT"), StandardCharsets.ISO_8859_1);
        assertThat(dsdt).contains("COM1", "RTC_", "KBD_", "_S5_").doesNotContain("PCI0");
    }

    /** ACPI 6.5: tables 5.3, 5.9, 5.12, 5.19 and 5.2.11; PCI firmware specification 3.3, table 4-3. */
    @Test
    void revisionsOfAllTablesAreThoseOfOneVersionOfTheSpecification() {
        AcpiTables tables = AcpiTables.of(machine(2, true));
        byte[] fadt = tables.table("FACP");
        assertThat(new int[] {fadt[8], fadt[131]}).as("FADT, major and minor").containsExactly(6, 5);
        assertThat(tables.table("APIC")[8]).isEqualTo((byte) 6);
        assertThat(tables.table("DSDT")[8]).isEqualTo((byte) 2);
        assertThat(tables.table("XSDT")[8]).isEqualTo((byte) 1);
        assertThat(tables.table("MCFG")[8]).isEqualTo((byte) 1);
        assertThat(tables.table("RSDP")[15]).isEqualTo((byte) 2);
        assertThat(tables.table("FACS")[32]).isEqualTo((byte) 2);
    }

    @Test
    void madtHasEveryProcessorOnce() {
        byte[] madt = AcpiTables.of(machine(8, true)).table("APIC");
        List<Integer> ids = new ArrayList<>();
        for (int at = 44; at < madt.length; at += madt[at + 1]) {
            if (madt[at] == 0) {
                ids.add((int) madt[at + 3]);
            }
        }
        assertThat(ids).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    }

    @Test
    void lengthsOfAmlTermsCountThemselves() {
        for (int size : new int[] {0, 1, 57, 58, 59, 60, 61, 62, 63, 64, 4000, 4088, 4089, 4090, 4091, 70_000}) {
            byte[] scope = Aml.scope("\\_SB", new byte[size]);
            assertThat(pkgLength(scope, 1)).as("content of %d bytes", size).isEqualTo(scope.length - 1);
        }
    }

    private static int pkgLength(byte[] bytes, int at) {
        int following = bytes[at] >> 6 & 3;
        int length = following == 0 ? bytes[at] & 0x3F : bytes[at] & 0xF;
        for (int i = 0; i < following; i++) {
            length |= (bytes[at + 1 + i] & 0xFF) << 4 + 8 * i;
        }
        return length;
    }

    @Test
    void numbersTakeTheirShortestForm() {
        assertThat(Aml.integer(0)).containsExactly(0);
        assertThat(Aml.integer(1)).containsExactly(1);
        assertThat(Aml.integer(0xFF)).containsExactly(0x0A, 0xFF);
        assertThat(Aml.integer(0x100)).containsExactly(0x0B, 0, 1);
        assertThat(Aml.integer(0x1FFFF)).containsExactly(0x0C, 0xFF, 0xFF, 1, 0);
        assertThat(Aml.integer(1L << 32)).containsExactly(0x0E, 0, 0, 0, 0, 1, 0, 0, 0);
        // ACPI's own example: EISAID("PNP0A03") is 0x030AD041.
        assertThat(Aml.eisaId("PNP0A03")).containsExactly(0x0C, 0x41, 0xD0, 0x0A, 0x03);
    }

    @Test
    void whatCannotBeToldIsRefused() {
        assertThatThrownBy(() -> machine(0, true)).hasMessageContaining("0 processors");
        assertThatThrownBy(() -> machine(256, true)).hasMessageContaining("256 processors");
        assertThatThrownBy(() -> Aml.device("TOOLONG")).hasMessageContaining("TOOLONG");
    }
}
