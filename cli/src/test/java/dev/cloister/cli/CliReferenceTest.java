package dev.cloister.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** Holds {@code docs/cli.md} to what {@code --help} prints; {@code -Dcloister.docs=write} rewrites the page. */
class CliReferenceTest {
    private static final Path PAGE = Path.of("../docs/cli.md");

    @Test
    void thePageInDocsIsWhatHelpPrints() throws IOException {
        StringBuilder page = new StringBuilder("""
            # Command line reference

            Generated from the commands' own `--help` by `mvn verify -Dcloister.docs=write`; do not edit.
            [Exit codes](exit-codes.md) have a page of their own. Completion for bash and zsh:
            `source <(./cloister generate-completion)`.
            """);
        append(page, Main.commandLine());
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("docs/cli.md is out of date: mvn verify -Dcloister.docs=write")
                .isEqualTo(page.toString());
    }

    @Test
    void everyCommandExplainsItselfWithAnExampleInEightyColumns() {
        check(Main.commandLine());
    }

    private static void check(CommandLine line) {
        String help = line.getUsageMessage(Ansi.OFF);
        String name = line.getCommandSpec().qualifiedName();
        assertThat(help.lines().mapToInt(String::length).max().orElse(0))
                .as("widest line of %s --help", name)
                .isLessThanOrEqualTo(80);
        assertThat(line.getCommandSpec().usageMessage().description())
                .as("description of %s", name)
                .isNotEmpty();
        if (ours(line)) {
            assertThat(help).as("examples in %s --help", name).contains("Example");
        }
        line.getSubcommands().values().forEach(CliReferenceTest::check);
    }

    private static void append(StringBuilder page, CommandLine line) {
        page.append("\n## ").append(line.getCommandSpec().qualifiedName()).append("\n\n```\n");
        page.append(line.getUsageMessage(Ansi.OFF)).append("```\n");
        line.getSubcommands().values().stream().filter(CliReferenceTest::ours).forEach(sub -> append(page, sub));
    }

    private static boolean ours(CommandLine line) {
        return line.getCommand().getClass().getPackageName().startsWith("dev.cloister.cli");
    }
}
