package dev.cloister.cli.testgen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.assembler.Assembler;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.Direction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Holds {@code probe.elf} to what its source assembles to; {@code -Dcloister.docs=write} makes it anew. */
class ProbeImageTest {
    private static final Path SOURCE = Path.of("src/main/guests/probe.asm");
    private static final Path IMAGE = Path.of("src/main/resources/dev/cloister/cli/testgen/probe.elf");

    @Test
    void theProbeIsWhatItsSourceAssemblesTo() throws Exception {
        byte[] made = Assembler.create().assemble(SOURCE).image();
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.write(IMAGE, made);
        }
        assertThat(Files.readAllBytes(IMAGE))
                .as("probe.elf is out of date: mvn verify -Dcloister.docs=write")
                .isEqualTo(made);
    }

    @Test
    void aListHasTheLayoutThatTheProbeReads() throws Exception {
        ProbeList list = new ProbeList(
                100, 20, 300, 3, List.of(new ProbeList.Question(7, FlowKind.EVENT, Direction.OUT, "peer")));
        byte[] bytes = list.bytes();
        assertThat(bytes).hasSize(0x20 + 48);
        assertThat(new String(bytes, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("CLSPROBE");
        assertThat(bytes[0x1c]).isEqualTo((byte) 1);
        assertThat(bytes[0x20]).isEqualTo((byte) 7);
        assertThat(bytes[0x24]).isEqualTo((byte) 2);
        assertThat(bytes[0x28]).isEqualTo((byte) 2);
        assertThat(new String(bytes, 0x30, 5, StandardCharsets.US_ASCII)).isEqualTo("peer\0");
    }
}
