package dev.cloister.it.thirdparty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.devices.acpi.AcpiMachine;
import dev.cloister.devices.acpi.AcpiTables;
import dev.cloister.it.DebianPackages;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ACPICA's compiler takes every table apart and makes the same bytes of what it found, without a warning. */
class AcpiCompilerTest {
    private static final int CHECKSUM = 9;
    private static final int COMPILER_ID = 28;
    private static final int HEADER = 36;

    @TempDir
    private Path folder;

    private static AcpiMachine machine(int processors) {
        AcpiMachine.PciRoot root = new AcpiMachine.PciRoot(
                0xE000_0000L,
                List.of(new AcpiMachine.Window(0xC000_0000L, 0x1000_0000L)),
                List.of(new AcpiMachine.Window(0x8_0000_0000L, 1L << 35)),
                16,
                8,
                List.of(10, 10, 11, 11));
        return new AcpiMachine(
                processors,
                0xE_0000,
                0x600,
                9,
                0xCF9,
                List.of(new AcpiMachine.SerialPort(0x3F8, 4)),
                Optional.of(root),
                List.of(
                        new AcpiMachine.VirtioWindow(new AcpiMachine.Window(0xFEC1_0000L, 0x1000), 16),
                        new AcpiMachine.VirtioWindow(new AcpiMachine.Window(0xFEC1_1000L, 0x1000), 17)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 64})
    void everyTableSurvivesDisassemblyAndCompilationUnchanged(int processors) throws Exception {
        Optional<Path> iasl = DebianPackages.ofBuild().iasl();
        assumeTrue(iasl.isPresent(), "Debian's acpica-tools can't be had here; the reason is printed above");
        AcpiTables tables = AcpiTables.of(machine(processors));
        for (String signature : List.of("FACP", "DSDT", "APIC", "MCFG", "XSDT", "RSDT", "FACS")) {
            byte[] table = tables.table(signature);
            Path file = folder.resolve(signature + ".dat");
            Files.write(file, table);
            run(iasl.get(), "-d", signature + ".dat");
            // -oa: the compiler must not write numbers and names in shorter forms than the table has.
            String log = run(iasl.get(), "-oa", "-p", "again", signature + ".dsl");
            assertThat(log).as(signature).contains("0 Errors, 0 Warnings, 0 Remarks");
            byte[] again = Files.readAllBytes(folder.resolve("again.aml"));
            assertThat(comparable(again)).as(signature).isEqualTo(comparable(table));
        }
    }

    /** Without what the compiler signs with its own name. */
    private static byte[] comparable(byte[] table) {
        byte[] result = table.clone();
        result[CHECKSUM] = 0;
        for (int i = COMPILER_ID; i < HEADER && i < table.length; i++) {
            result[i] = 0;
        }
        return result;
    }

    private String run(Path program, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor())
                .as(String.join(" ", command) + "\n" + output)
                .isZero();
        return output;
    }
}
