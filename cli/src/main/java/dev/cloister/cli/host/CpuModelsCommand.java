package dev.cloister.cli.host;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
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
                print(out, model.name(), more);
            }
            List<String> others = new ArrayList<>(CpuModels.features());
            others.removeAll(before);
            if (!others.isEmpty()) {
                print(out, "+", others);
            }
        }
        out.flush();
    }

    private static void print(PrintWriter out, String name, List<String> words) {
        Lines.wrap(out, name + " ".repeat(INDENT - name.length()), String.join(" ", words));
    }

    private static void write(JsonGenerator json) throws IOException {
        json.writeStartObject();
        json.writeArrayFieldStart("models");
        for (CpuModels.Model model : CpuModels.models()) {
            json.writeStartObject();
            json.writeStringField("name", model.name());
            JsonText.strings(json, "promised", model.promised());
            JsonText.strings(json, "features", model.features());
            json.writeEndObject();
        }
        json.writeEndArray();
        JsonText.strings(json, "features", CpuModels.features());
        json.writeEndObject();
    }
}
