package dev.cloister.policy.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The committed page on the control protocol is what commands, fields and records give. */
class ControlReferenceTest {
    private static final Path PAGE = Path.of("../docs/control-protocol.md");

    private final StringBuilder page = new StringBuilder();
    private final Set<Class<?>> records = new LinkedHashSet<>();

    /**
     * Compares; with {@code -Dcloister.docs=write} writes the page instead:
     * {@code mvn -pl policy -am test -Dtest=ControlReferenceTest -Dcloister.docs=write}.
     */
    @Test
    void thePageIsUpToDate() throws Exception {
        write();
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("docs/control-protocol.md; regenerate it with -Dcloister.docs=write")
                .isEqualTo(page.toString());
    }

    private void write() {
        page.append("# The control protocol\n\n")
                .append("Generated from the records that the codec itself follows (`ControlRequest`, `ControlReply`),"
                        + " by a test that\n")
                .append("also holds this page against them. Use it to drive a policy daemon from a program; `cloister"
                        + " ps`,\n")
                .append("`cloister stop` and the rest speak it.\n\n")
                .append("The daemon listens on the Unix socket `control.sock` in its state directory, mode 0600. One"
                        + " JSON object to a\n")
                .append("line, UTF-8: requests of at most ")
                .append(ControlCodec.MAX_REQUEST)
                .append(" bytes, replies of at most ")
                .append(ControlCodec.MAX_REPLY)
                .append(". Both may say\n`\"version\": ")
                .append(ControlCodec.VERSION)
                .append("`; any other is refused. A request with an unknown field or a value out of range is answered"
                        + " by\n")
                .append("`failed` with code `bad-request`, and nothing is done.\n\n## Requests\n\n")
                .append("| `command` | concerns |\n|---|---|\n");
        for (ControlRequest.Command command : ControlRequest.Command.values()) {
            page.append("| `")
                    .append(command.text())
                    .append("` | ")
                    .append(
                            switch (command.subject()) {
                                case NONE -> "the daemon";
                                case DOMAIN -> "a domain, in `domain`";
                                case FLOW -> "a flow, in `flow`";
                                case FILE -> "a file (`path`)";
                                case MAJOR -> "a major frame, in `major`";
                            })
                    .append(" |\n");
        }
        page.append("\n| field | default | meaning |\n|---|---|---|\n");
        for (RequestField field : RequestField.values()) {
            page.append("| `")
                    .append(field.wireName())
                    .append("` | `")
                    .append(field.byDefault() instanceof String text ? "\"" + text + "\"" : field.byDefault())
                    .append("` | ")
                    .append(field.words())
                    .append(" |\n");
        }
        page.append("\n"
                + "## Replies\n\n"
                + "Each has `version`, `ok` (false only for `failed`) and `reply`, which names its kind.\n");
        for (Class<?> reply : ControlReply.class.getPermittedSubclasses()) {
            page.append("\n### `").append(ControlCodec.replyName(reply)).append("`\n\n");
            members(reply);
        }
        page.append("\n## Objects\n");
        Set<Class<?>> done = new LinkedHashSet<>();
        while (done.size() < records.size()) {
            for (Class<?> each : java.util.List.copyOf(records)) {
                if (done.add(each)) {
                    object(each);
                }
            }
        }
    }

    private void object(Class<?> type) {
        page.append("\n### ").append(type.getSimpleName()).append("\n\n");
        members(type);
    }

    private void members(Class<?> type) {
        page.append("| member | type |\n|---|---|\n");
        for (RecordComponent component : type.getRecordComponents()) {
            page.append("| `")
                    .append(component.getName())
                    .append("` | ")
                    .append(words(component.getGenericType()))
                    .append(" |\n");
        }
    }

    private String words(Type type) {
        if (type instanceof ParameterizedType generic) {
            Type[] arguments = generic.getActualTypeArguments();
            return generic.getRawType() == java.util.Map.class
                    ? "object of numbers"
                    : "array of " + words(arguments[0]);
        }
        Class<?> plain = (Class<?>) type;
        if (plain.isRecord()) {
            records.add(plain);
            return "[" + plain.getSimpleName() + "](#" + plain.getSimpleName().toLowerCase(Locale.ROOT) + ")";
        }
        return plain == String.class ? "text" : plain == boolean.class ? "true or false" : "number";
    }
}
