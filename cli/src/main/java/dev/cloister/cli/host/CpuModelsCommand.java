package dev.cloister.cli.host;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.cli.text.JsonText;
import dev.cloister.vmm.processor.CpuModels;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cloister cpu-models}: the processors that a guest can be shown. */
@Command(
        name = "cpu-models",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Lists the processors that a guest can be shown, and their features.",
        footer = {
            "",
            "Each model has what the ones before it have, and more. Add and hide features by",
            "name: --cpu-model v2,+aes,-x2apic; what needs a hidden one goes with it.",
            "host, where nothing is chosen, is the host's processor under the engine direct",
            "and max under emulated.",
            "",
            "Example:",
            "  cloister cpu-models --json",
        })
public final class CpuModelsCommand implements Runnable {
    private static final int WIDTH = 80;
    private static final int INDENT = 6;

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "print models and features as JSON")
    private boolean json;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonText.of(CpuModelsCommand::write));
        } else {
            List<String> before = List.of();
            for (CpuModels.Model model : CpuModels.models()) {
                List<String> more = new ArrayList<>(model.features());
                more.removeAll(before);
                before = model.features();
                wrapped(model.name(), more).forEach(out::println);
            }
            List<String> others = new ArrayList<>(CpuModels.features());
            others.removeAll(before);
            if (!others.isEmpty()) {
                wrapped("+", others).forEach(out::println);
            }
        }
        out.flush();
    }

    private static List<String> wrapped(String name, List<String> words) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder(name).repeat(" ", INDENT - name.length() - 1);
        for (String word : words) {
            if (line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder().repeat(" ", INDENT - 1);
            }
            line.append(' ').append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    private static void write(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart("models");
        for (CpuModels.Model model : CpuModels.models()) {
            json.writeStartObject();
            json.writeStringField("name", model.name());
            strings(json, "promised", model.promised());
            strings(json, "features", model.features());
            json.writeEndObject();
        }
        json.writeEndArray();
        strings(json, "features", CpuModels.features());
        json.writeEndObject();
    }

    private static void strings(JsonGenerator json, String name, List<String> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }
}
