package dev.cloister.devices.smbios;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads the tables as a kernel does: entry point, then structure by structure. */
class SmbiosTablesTest {
    private static final long GPA = 0xF_4000;
    private static final long GIB = 1L << 30;

    /** A structure: its formatted part, and its strings. */
    private record Structure(ByteBuffer fields, List<String> strings) {
        int type() {
            return fields.get(0) & 0xFF;
        }

        int handle() {
            return fields.getShort(2) & 0xFFFF;
        }

        String string(int field) {
            int number = fields.get(field);
            return number == 0 ? "" : strings.get(number - 1);
        }
    }

    private static List<Structure> read(byte[] tables) {
        ByteBuffer all = ByteBuffer.wrap(tables).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(tables, 0, 5, StandardCharsets.US_ASCII)).isEqualTo("_SM3_");
        int sum = 0;
        for (int i = 0; i < 24; i++) {
            sum += tables[i];
        }
        assertThat(sum & 0xFF).as("checksum of the entry point").isZero();
        assertThat(tables[6]).isEqualTo((byte) 24);
        int at = (int) (all.getLong(16) - GPA);
        int end = at + all.getInt(12);
        assertThat(end).isEqualTo(tables.length);
        List<Structure> found = new ArrayList<>();
        while (at < end) {
            int length = all.get(at + 1) & 0xFF;
            ByteBuffer fields = all.slice(at, length).order(ByteOrder.LITTLE_ENDIAN);
            List<String> strings = new ArrayList<>();
            at += length;
            if (tables[at] == 0) {
                at++;
            }
            while (tables[at] != 0) {
                int from = at;
                while (tables[at] != 0) {
                    at++;
                }
                strings.add(new String(tables, from, at - from, StandardCharsets.US_ASCII));
                at++;
            }
            at++;
            found.add(new Structure(fields, strings));
        }
        return found;
    }

    /** Lengths of the formatted parts in version 3.0 (DSP0134, chapter 7). */
    private static final Map<Integer, Integer> LENGTHS =
            Map.of(0, 0x18, 1, 0x1B, 3, 0x16, 4, 0x30, 16, 0x17, 17, 0x28, 19, 0x1F, 32, 0x0B, 127, 4);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64, 255})
    void everyProcessorIsToldAndStructuresAreAsLongAsTheirVersionSays(int processors) {
        byte[] tables = SmbiosTables.at(
                GPA,
                processors,
                List.of(
                        new SmbiosTables.Memory(0, 640 << 10),
                        new SmbiosTables.Memory(1 << 20, 3 * GIB - (1 << 20)),
                        new SmbiosTables.Memory(4 * GIB, 61 * GIB)));
        assertThat(GPA + tables.length)
                .as("within the area that kernels search")
                .isLessThan(0x10_0000);
        List<Structure> all = read(tables);
        Map<Integer, Integer> counts = new TreeMap<>();
        for (Structure each : all) {
            counts.merge(each.type(), 1, Integer::sum);
            assertThat(each.fields().limit()).as("type " + each.type()).isEqualTo(LENGTHS.get(each.type()));
        }
        assertThat(counts)
                .isEqualTo(new TreeMap<>(Map.of(0, 1, 1, 1, 3, 1, 4, processors, 16, 1, 17, 1, 19, 3, 32, 1, 127, 1)));
        assertThat(all.getLast().type()).isEqualTo(127);
        assertThat(all.stream().map(Structure::handle).distinct()).hasSameSizeAs(all);
    }

    @ParameterizedTest
    @ValueSource(longs = {1 << 20, 256L << 20, 3L << 30, 40L << 30, 1L << 40})
    void memoryIsToldWhole(long bytes) {
        List<Structure> all = read(SmbiosTables.at(GPA, 1, List.of(new SmbiosTables.Memory(0, bytes))));
        ByteBuffer device = all.stream()
                .filter(s -> s.type() == 17)
                .findFirst()
                .orElseThrow()
                .fields();
        long mebibytes = device.getShort(0x0C) & 0xFFFF;
        assertThat(mebibytes == 0x7FFF ? device.getInt(0x1C) : mebibytes).isEqualTo(bytes >> 20);
        ByteBuffer mapped = all.stream()
                .filter(s -> s.type() == 19)
                .findFirst()
                .orElseThrow()
                .fields();
        assertThat(mapped.getInt(4)).isZero();
        assertThat(Integer.toUnsignedLong(mapped.getInt(8)) + 1).isEqualTo(bytes >> 10);
        Structure system = all.stream().filter(s -> s.type() == 1).findFirst().orElseThrow();
        assertThat(system.string(4) + ", " + system.string(5)).isEqualTo("Cloister, Cloister PC");
    }
}
