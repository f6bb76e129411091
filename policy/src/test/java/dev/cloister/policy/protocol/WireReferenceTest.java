package dev.cloister.policy.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.wire.Field;
import dev.cloister.policy.wire.Sequence;
import dev.cloister.policy.wire.Struct;
import dev.cloister.policy.wire.WireType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The committed page on the wire protocol is what its table gives. */
class WireReferenceTest {
    private static final Path PAGE = Path.of("../docs/wire-protocol.md");

    private final StringBuilder page = new StringBuilder();
    private final Map<String, Struct<?>> structures = new LinkedHashMap<>();

    /**
     * Compares; with {@code -Dcloister.docs=write} writes the page instead:
     * {@code mvn -pl policy -am test -Dtest=WireReferenceTest -Dcloister.docs=write}.
     */
    @Test
    void thePageIsUpToDate() throws Exception {
        write();
        if ("write".equals(System.getProperty("cloister.docs"))) {
            Files.writeString(PAGE, page);
        }
        assertThat(Files.readString(PAGE))
                .as("docs/wire-protocol.md; regenerate it with -Dcloister.docs=write")
                .isEqualTo(page.toString());
    }

    private void write() {
        page.append("# The wire protocol between the policy daemon and a VMM process\n\n")
                .append("Generated from the table that the codec itself follows (`VmmMessages`), by a test that also"
                        + " holds this\n")
                .append("page against it. The peer is who holds the other end of the socket it was born with, whatever"
                        + " it says.\n\n")
                .append("One message is one packet of a `SOCK_SEQPACKET` Unix socket, at most ")
                .append(VmmCodec.MAX_FRAME)
                .append(" bytes: `u16 version` (")
                .append(VmmCodec.VERSION)
                .append("),\n"
                        + "`u16 type`, then the fields without gaps, big-endian. `text` and `name` are `u16"
                        + " length` and UTF-8; a name is\n")
                .append("printable ASCII without spaces. A value beyond its bounds, a packet that ends early or late,"
                        + " another version,\n")
                .append("an unknown type, a descriptor where none belongs: each ends the side that sent it, and nobody"
                        + " else.\n\n");
        messages("From the daemon", VmmMessages.TO_VMM);
        messages("From the VMM", VmmMessages.FROM_VMM);
        page.append("## Structures\n");
        structures.forEach((name, structure) -> {
            page.append("\n### ").append(name).append("\n\n");
            fields(structure);
        });
    }

    private <M> void messages(String title, List<Message<M>> messages) {
        page.append("## ").append(title).append('\n');
        for (Message<M> message : messages) {
            page.append("\n### ")
                    .append(message.number())
                    .append(' ')
                    .append(message.name())
                    .append("\n\n");
            page.append(message.purpose());
            if (!message.answer().isEmpty()) {
                page.append(" Answered by: ").append(message.answer()).append('.');
            }
            page.append('\n');
            if (!message.descriptors().isEmpty()) {
                page.append("Descriptors: ").append(message.descriptors()).append(".\n");
            }
            if (!message.body().fields().isEmpty()) {
                page.append('\n');
                fields(message.body());
            }
        }
        page.append('\n');
    }

    private void fields(Struct<?> structure) {
        page.append("| field | type |\n|---|---|\n");
        for (Field<?, ?> field : structure.fields()) {
            collect(field.type());
            page.append("| `")
                    .append(field.name())
                    .append("` | ")
                    .append(words(field.type()))
                    .append(" |\n");
        }
    }

    private static String words(WireType<?> type) {
        return type instanceof Struct<?> struct ? "[" + struct.name() + "](#" + link(struct) + ")" : type.words();
    }

    private static String link(Struct<?> struct) {
        return struct.name().toLowerCase(Locale.ROOT);
    }

    private void collect(WireType<?> type) {
        switch (type) {
            case Struct<?> struct -> {
                structures.putIfAbsent(struct.name(), struct);
                struct.fields().forEach(field -> collect(field.type()));
            }
            case Sequence<?> sequence -> collect(sequence.element());
            default -> {
                // Scalars, texts and choices are described where they stand.
            }
        }
    }
}
