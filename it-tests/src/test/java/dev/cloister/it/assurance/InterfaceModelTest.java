package dev.cloister.it.assurance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.cli.Main;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.ViolationKind;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;

/**
 * Every interface with every item, as the code has it. The committed page is the model: a change of an interface shows as a change
 * of that page, and what the code has but no page for users explains fails here.
 */
class InterfaceModelTest {
    private static final Path DOCS = Path.of("../docs");

    @Test
    void thePageIsUpToDate() throws IOException {
        Page page = new Page("interface-model.md")
                .line("# Interface model")
                .line()
                .line("Every way into and out of Cloister, item by item, taken from the code by the test that holds"
                        + " this page to it.")
                .line("The pages named explain the items.");
        section(page, "Commands", "[cli.md](../cli.md)", "command", "options and parameters", commands());
        section(page, "Exit codes", "[exit-codes.md](../exit-codes.md)", "name", "code", constants(ExitCodes.class));
        section(
                page,
                "Control requests",
                "[control-protocol.md](../control-protocol.md)",
                "command",
                "concerns",
                requests());
        section(
                page,
                "Control replies",
                "[control-protocol.md](../control-protocol.md)",
                "reply",
                "members",
                records(ControlReply.class.getPermittedSubclasses()));
        section(
                page,
                "Snapshot",
                "[control-protocol.md](../control-protocol.md)",
                "object",
                "members",
                records(Snapshot.class, Snapshot.DomainView.class, Snapshot.FlowView.class, Snapshot.GateView.class));
        section(
                page,
                "Messages to a VMM",
                "[wire-protocol.md](../wire-protocol.md)",
                "message",
                "fields",
                records(ToVmm.class.getPermittedSubclasses()));
        section(
                page,
                "Messages from a VMM",
                "[wire-protocol.md](../wire-protocol.md)",
                "message",
                "fields",
                records(FromVmm.class.getPermittedSubclasses()));
        section(
                page,
                "Directory and request page",
                "[guest-abi.md](../guest-abi.md)",
                "name",
                "value",
                constants(DirectoryLayout.class));
        section(page, "Violations", "[wire-protocol.md](../wire-protocol.md)", "kind", "", violations());
        section(page, "Findings", "[analyses](../analyses/README.md)", "code", "page", findings());
        page.line()
                .line("## Audit records")
                .line()
                .line(Arrays.stream(AuditKind.values())
                        .map(kind -> Page.code(kind.jsonName()))
                        .collect(Collectors.joining(" ")))
                .line()
                .line("## Policy and fragments")
                .line()
                .line("Every field: [policy-reference.md](../policy-reference.md), generated from the JSON Schemas.");
        page.check();
    }

    private static void section(
            Page page, String title, String where, String name, String value, Map<String, String> items) {
        page.line().line("## ", title).line().line("Explained in ", where, ".").line();
        if (value.isEmpty()) {
            page.line(items.keySet().stream().map(Page::code).collect(Collectors.joining(" ")));
            return;
        }
        page.table(name, value);
        items.forEach((key, text) -> page.row(Page.code(key), text.isEmpty() ? "–" : text));
    }

    private static Map<String, String> commands() {
        Map<String, String> all = new TreeMap<>();
        collect(Main.commandLine(), all);
        return all;
    }

    private static void collect(CommandLine line, Map<String, String> all) {
        List<String> arguments = new ArrayList<>();
        for (ArgSpec argument : line.getCommandSpec().args()) {
            if (!argument.hidden()) {
                arguments.add(Page.code(
                        argument.isOption()
                                ? ((CommandLine.Model.OptionSpec) argument).longestName()
                                : argument.paramLabel()));
            }
        }
        all.put(line.getCommandSpec().qualifiedName(), String.join(" ", new TreeSet<>(arguments)));
        for (CommandLine sub : line.getSubcommands().values()) {
            collect(sub, all);
        }
    }

    private static Map<String, String> requests() {
        Map<String, String> all = new LinkedHashMap<>();
        for (ControlRequest.Command command : ControlRequest.Command.values()) {
            all.put(command.text(), command.subject().name().toLowerCase(Locale.ROOT));
        }
        return all;
    }

    private static Map<String, String> records(Class<?>... types) {
        Map<String, String> all = new LinkedHashMap<>();
        for (Class<?> type : types) {
            all.put(
                    type.getSimpleName(),
                    Arrays.stream(type.getRecordComponents())
                            .map(RecordComponent::getName)
                            .map(Page::code)
                            .collect(Collectors.joining(" ")));
        }
        return all;
    }

    private static Map<String, String> violations() {
        Map<String, String> all = new LinkedHashMap<>();
        Arrays.stream(ViolationKind.values()).forEach(kind -> all.put(kind.id(), ""));
        return all;
    }

    private static Map<String, String> findings() {
        Map<String, String> all = new LinkedHashMap<>();
        Arrays.stream(FindingId.values()).forEach(id -> all.put(id.code(), id.analysis()));
        return all;
    }

    private static Map<String, String> constants(Class<?> type) {
        Map<String, String> all = new LinkedHashMap<>();
        for (Field field : type.getFields()) {
            if (Modifier.isStatic(field.getModifiers())) {
                try {
                    long value = ((Number) field.get(null)).longValue();
                    all.put(
                            field.getName(),
                            type == ExitCodes.class ? Long.toString(value) : "0x" + Long.toHexString(value));
                } catch (IllegalAccessException e) {
                    throw new AssertionError(e);
                }
            }
        }
        return all;
    }

    /** What the code has, the page for users explains. */
    @Test
    void thePagesForUsersExplainEveryItem() throws IOException {
        List<String> missing = new ArrayList<>();
        commands().keySet().stream()
                .filter(name -> !name.endsWith(" help"))
                .forEach(name -> expect(missing, "cli.md", name));
        for (String code : constants(ExitCodes.class).values()) {
            expect(missing, "exit-codes.md", "| " + code + " |");
        }
        constants(DirectoryLayout.class).forEach((name, value) -> {
            if (name.startsWith("ENTRY_") && !name.equals("ENTRY_BYTES")) {
                String offset = String.format(Locale.ROOT, "`+0x%02X`", Long.decode(value));
                expect(missing, "guest-abi.md", offset);
            }
        });
        for (AuditKind kind : AuditKind.values()) {
            expectAny(missing, List.of("architecture.md", "audit.md"), "`" + kind.jsonName() + "`");
        }
        assertThat(missing).isEmpty();
    }

    private static void expect(List<String> missing, String page, String text) {
        expectAny(missing, List.of(page), text);
    }

    private static void expectAny(List<String> missing, List<String> pages, String text) {
        boolean found = pages.stream()
                .map(DOCS::resolve)
                .filter(Files::isRegularFile)
                .anyMatch(page -> read(page).contains(text));
        if (!found) {
            missing.add(text + " in " + pages);
        }
    }

    private static String read(Path page) {
        try {
            return Files.readString(page);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
