package dev.cloister.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.cli.command.ExitCodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code policy paths|cut|covert|diff}: exit codes, and what is printed. */
class PolicyGraphCommandsTest extends PolicyCommandRunner {
    private static final Path QUICKSTART = Path.of("../examples/quickstart/policy.json");

    @TempDir
    private Path folder;

    @AfterEach
    void fitsTheTerminal() {
        assertThat(out.lines()
                        .filter(line -> !line.contains("\""))
                        .mapToInt(String::length)
                        .max()
                        .orElse(0))
                .isLessThanOrEqualTo(80);
    }

    @Test
    void pathsNameFlowsGuardsAndPlaces() {
        assertThat(run("paths", QUICKSTART, "sensor", "command,logger")).isZero();
        assertThat(out).contains("1. sensor -> guard -> command", "guard*", "readings", "declared, guarded", "3 paths");
        assertThat(run("paths", QUICKSTART, "sensor", "*", "--max", "1", "--json"))
                .isZero();
        assertThat(out).contains("\"by\" : \"readings\"").doesNotContain("cleared");
    }

    @Test
    void noPathIsFoundOutAndSharedHardwareIsOne() throws IOException {
        Path bare = withoutAcceptedRisks();
        assertThat(run("paths", bare, "command", "sensor")).isEqualTo(ExitCodes.FOUND);
        assertThat(out).contains("no path").contains("--all-edges");
        assertThat(run("paths", bare, "command", "sensor", "--all-edges", "--max", "1"))
                .isZero();
        assertThat(out).contains("shared, undeclared");
    }

    @Test
    void badInputIsExplained() {
        assertThat(run("paths", QUICKSTART, "nobody", "sensor")).isEqualTo(ExitCodes.BAD_INPUT);
        assertThat(err).contains("'nobody' names nothing").contains("sensor, guard");
        assertThat(run("paths", QUICKSTART, "sensor", "#none")).isEqualTo(ExitCodes.BAD_INPUT);
        assertThat(run("paths", QUICKSTART, "sensor", "command", "--max", "0")).isEqualTo(ExitCodes.USAGE);
        assertThat(run("cut", QUICKSTART, "*", "sensor")).isEqualTo(ExitCodes.BAD_INPUT);
        assertThat(run("covert", QUICKSTART, "sensor")).isEqualTo(ExitCodes.USAGE);
        assertThat(run("diff", QUICKSTART, folder.resolve("none.json"))).isEqualTo(ExitCodes.BAD_INPUT);
    }

    @Test
    void aCutListsEveryFlowThatIsEnoughAlone() {
        assertThat(run("cut", QUICKSTART, "sensor", "command")).isZero();
        assertThat(out).contains("remove this flow").contains("readings").doesNotContain("cleared");
        assertThat(run("cut", QUICKSTART, "guard", "command")).isZero();
        assertThat(out).contains("remove these 3 flows", "cleared", "alarm", "reports");
        assertThat(run("cut", QUICKSTART, "command", "sensor", "--json")).isZero();
        assertThat(out).contains("\"path\" : false");
    }

    @Test
    void whatLeaksIsTheBudgetAndTheLimitDecides() throws IOException {
        Path bare = withoutAcceptedRisks();
        assertThat(run("covert", bare)).isZero();
        assertThat(out).contains("command", "reports").contains("1 pair leaks");
        assertThat(run("covert", bare, "sensor", "*")).isZero();
        assertThat(out).contains("nothing leaks");
        String strict = Files.readString(bare)
                .replace("\"onDaemonLoss\"", "\"covertLimit\": {\"bitsPerSecond\": 0}, \"onDaemonLoss\"");
        assertThat(run("covert", Files.writeString(folder.resolve("p.json"), strict), "--json"))
                .isEqualTo(ExitCodes.FOUND);
        assertThat(out).contains("\"bitsPerSecond\" : 1").contains("\"exact\" : true");
    }

    @Test
    void aDifferenceIsNamedAndCounted() throws IOException {
        assertThat(run("diff", QUICKSTART, QUICKSTART)).isZero();
        assertThat(out).contains("both permit the same");
        String less = Files.readString(QUICKSTART).replaceFirst("\\{ \"name\": \"readings\"[^\\n]*\\n", "");
        Path other = Files.writeString(folder.resolve("p.json"), less);
        assertThat(run("diff", QUICKSTART, other)).isEqualTo(ExitCodes.FOUND);
        assertThat(out).contains("flow \"readings\": removed", "pairs lost their path", "- sensor to command:");
        assertThat(run("diff", other, QUICKSTART, "--json")).isEqualTo(ExitCodes.FOUND);
        assertThat(out).contains("\"same\" : false", "\"gainedPairs\" : 2");
    }

    @Test
    void theVerdictOnEachDomainIsATable() throws IOException {
        assertThat(run("check", withoutAcceptedRisks(), "--verdicts", "--severity", "ERROR"))
                .isZero();
        assertThat(out).contains("DOMAIN", "ambiguous", "undeclared shared hardware");
    }

    /** The quick start's policy as it is before anybody accepts what its hardware shares. */
    private Path withoutAcceptedRisks() throws IOException {
        String text = Files.readString(QUICKSTART);
        String bare = text.replaceFirst("(?s)\"residualRisks\": \\[.*?\\n  \\],", "");
        assertThat(bare).isNotEqualTo(text);
        return Files.writeString(folder.resolve("bare.json"), bare);
    }
}
