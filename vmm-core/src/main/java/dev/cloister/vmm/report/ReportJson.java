package dev.cloister.vmm.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/** Writes a {@link Report} as JSON. Loaded at the end of a run only, so that starting a machine does not pay for it. */
public final class ReportJson {
    private ReportJson() {}

    /**
     * Writes the report. Numbers of nanoseconds and bytes are written as they are, -1 meaning unknown; registers are hexadecimal
     * strings, because JSON readers lose bits of large numbers.
     *
     * @param report the report
     * @return one JSON object, indented by nothing
     */
    public static String write(Report report) {
        StringWriter text = new StringWriter(2048);
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("version", 1);
            json.writeStringField("name", report.name());
            json.writeStringField("engine", report.engine());
            json.writeStringField("cpuModel", report.cpuModel());
            json.writeStringField("outcome", report.outcome().label());
            json.writeNumberField("exitCode", report.exitCode());
            json.writeStringField("detail", report.detail());
            times(json, report.times());
            counts(json, "exits", report.exits());
            emulated(json, report.emulated());
            unclaimed(json, report.unclaimed());
            json.writeNumberField("violations", report.violations());
            memory(json, report.memory());
            strings(json, "notes", report.notes());
            FaultReport fault = report.fault();
            if (fault != null) {
                fault(json, fault);
            }
            json.writeEndObject();
        } catch (IOException e) {
            // A StringWriter does no I/O.
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    /**
     * The report of a machine that could not be made.
     *
     * @param exitCode the process exit code
     * @param reason why
     * @return one JSON object
     */
    public static String failure(int exitCode, String reason) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("version", 1);
            json.writeStringField("outcome", "not-made");
            json.writeNumberField("exitCode", exitCode);
            json.writeStringField("detail", reason);
            json.writeEndObject();
        } catch (IOException e) {
            // As above.
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void times(JsonGenerator json, Report.Times times) throws IOException {
        json.writeObjectFieldStart("nanos");
        json.writeNumberField("processToFirstInstruction", times.processToFirstInstruction());
        json.writeNumberField("createToFirstInstruction", times.createToFirstInstruction());
        json.writeNumberField("guest", times.guest());
        json.writeNumberField("total", times.total());
        json.writeEndObject();
    }

    private static void counts(JsonGenerator json, String field, List<Report.Count> counts) throws IOException {
        json.writeObjectFieldStart(field);
        for (Report.Count count : counts) {
            json.writeNumberField(count.name(), count.count());
        }
        json.writeEndObject();
    }

    private static void emulated(JsonGenerator json, Report.Emulated emulated) throws IOException {
        json.writeObjectFieldStart("emulated");
        json.writeNumberField("instructions", emulated.instructions());
        json.writeNumberField("exceptions", emulated.exceptions());
        counts(json, "byMnemonic", emulated.byMnemonic());
        json.writeEndObject();
    }

    private static void unclaimed(JsonGenerator json, Report.Unclaimed unclaimed) throws IOException {
        json.writeObjectFieldStart("unclaimed");
        json.writeNumberField("portReads", unclaimed.portReads());
        json.writeNumberField("portWrites", unclaimed.portWrites());
        json.writeNumberField("mmioReads", unclaimed.mmioReads());
        json.writeNumberField("mmioWrites", unclaimed.mmioWrites());
        json.writeEndObject();
    }

    private static void memory(JsonGenerator json, Report.Memory memory) throws IOException {
        json.writeObjectFieldStart("memoryBytes");
        json.writeNumberField("resident", memory.resident());
        json.writeNumberField("guest", memory.guest());
        json.writeNumberField("beyondGuest", memory.beyondGuest());
        json.writeEndObject();
    }

    private static void strings(JsonGenerator json, String field, List<String> values) throws IOException {
        json.writeArrayFieldStart(field);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }

    private static void fault(JsonGenerator json, FaultReport fault) throws IOException {
        json.writeObjectFieldStart("fault");
        json.writeStringField("reason", fault.reason());
        json.writeNumberField("vcpu", fault.vcpu());
        json.writeStringField("instruction", fault.instruction());
        json.writeStringField("codeBytes", fault.codeBytes());
        RegisterDump registers = fault.registers();
        if (registers != null) {
            json.writeObjectFieldStart("registers");
            json.writeStringField("mode", registers.mode());
            json.writeNumberField("cpl", registers.cpl());
            values(json, registers.general());
            values(json, registers.control());
            segments(json, registers.segments());
            segments(json, registers.tables());
            json.writeEndObject();
        }
        strings(json, "lastExits", fault.lastExits());
        strings(json, "console", fault.console());
        json.writeStringField("suggestion", fault.suggestion());
        json.writeEndObject();
    }

    private static void values(JsonGenerator json, List<RegisterDump.Value> values) throws IOException {
        for (RegisterDump.Value value : values) {
            json.writeStringField(value.name(), "0x" + Long.toHexString(value.value()));
        }
    }

    private static void segments(JsonGenerator json, List<RegisterDump.Segment> segments) throws IOException {
        for (RegisterDump.Segment segment : segments) {
            json.writeObjectFieldStart(segment.name());
            json.writeNumberField("selector", segment.selector());
            json.writeStringField("base", "0x" + Long.toHexString(segment.base()));
            json.writeStringField("limit", "0x" + Long.toHexString(segment.limit()));
            json.writeStringField("attributes", "0x" + Integer.toHexString(segment.attributes()));
            json.writeEndObject();
        }
    }
}
