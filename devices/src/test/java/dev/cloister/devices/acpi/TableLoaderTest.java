package dev.cloister.devices.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Firmware's part of placing tables, written anew here: the outcome is what the tables are when laid out for that place at once. */
class TableLoaderTest {
    private static final List<AcpiMachine.Window> NARROW = List.of(new AcpiMachine.Window(0xC000_0000L, 0x1000_0000L));

    private static AcpiMachine machine(long gpa, int processors, boolean pci) {
        Optional<AcpiMachine.PciRoot> root = Optional.of(
                        new AcpiMachine.PciRoot(0xB000_0000L, NARROW, List.of(), 16, 8, List.of(10, 10, 11, 11)))
                .filter(r -> pci);
        return new AcpiMachine(
                processors, gpa, 0x600, 9, 0xCF9, List.of(new AcpiMachine.SerialPort(0x3F8, 4)), root, List.of());
    }

    /** A guest's memory with the files where firmware has put them. */
    private static final class Firmware {
        final byte[] memory = new byte[1 << 20];
        final Map<String, Integer> places = new HashMap<>();

        static String name(ByteBuffer command, int at) {
            return new String(command.array(), at, 56, StandardCharsets.US_ASCII).replace("\0", "");
        }

        int place(ByteBuffer command, int at) {
            return places.get(name(command, at));
        }

        void carryOut(ByteBuffer command, Map<String, byte[]> files, Map<String, Integer> wanted) {
            switch (command.getInt(0)) {
                case 1 -> {
                    String name = name(command, 4);
                    int place = wanted.get(name);
                    assertThat(place % command.getInt(60)).isZero();
                    byte[] content = files.get(name);
                    System.arraycopy(content, 0, memory, place, content.length);
                    places.put(name, place);
                }
                case 2 -> addPointer(place(command, 4) + command.getInt(116), place(command, 60), command.get(120));
                case 3 -> {
                    int file = place(command, 4);
                    int sum = 0;
                    for (int i = 0; i < command.getInt(68); i++) {
                        sum += memory[file + command.getInt(64) + i];
                    }
                    memory[file + command.getInt(60)] = (byte) -sum;
                }
                default -> throw new AssertionError("command " + command.getInt(0));
            }
        }

        private void addPointer(int at, int target, int width) {
            ByteBuffer all = ByteBuffer.wrap(memory).order(ByteOrder.LITTLE_ENDIAN);
            if (width == 4) {
                all.putInt(at, all.getInt(at) + target);
            } else {
                all.putLong(at, all.getLong(at) + target);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8, 255})
    void placedByCommandsTablesAreWhatTheyAreLaidOutThere(int processors) {
        for (boolean pci : new boolean[] {true, false}) {
            int root = 0x4_0000;
            TableLoader loader = new TableLoader(AcpiTables.of(machine(TableLoader.BASE, processors, pci)));
            Map<String, byte[]> files =
                    Map.of(TableLoader.ROOT_FILE, loader.root(), TableLoader.TABLES_FILE, loader.tables());
            // As laid out in one piece, the tables begin 64 bytes behind the root pointer.
            Map<String, Integer> wanted = Map.of(TableLoader.ROOT_FILE, root, TableLoader.TABLES_FILE, root + 64);
            Firmware firmware = new Firmware();
            byte[] commands = loader.commands();
            for (int at = 0; at < commands.length; at += 128) {
                byte[] command = new byte[128];
                System.arraycopy(commands, at, command, 0, 128);
                firmware.carryOut(ByteBuffer.wrap(command).order(ByteOrder.LITTLE_ENDIAN), files, wanted);
            }
            byte[] whole = AcpiTables.of(machine(root, processors, pci)).bytes();
            byte[] placed = new byte[whole.length];
            System.arraycopy(firmware.memory, root, placed, 0, placed.length);
            assertThat(placed).isEqualTo(whole);
        }
    }

    @Test
    void tablesLaidOutForAPlaceAreRefused() {
        AcpiTables fixed = AcpiTables.of(machine(0xE_0000, 1, true));
        assertThatThrownBy(() -> new TableLoader(fixed)).hasMessageContaining("0xe0000");
    }
}
