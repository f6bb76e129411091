package dev.cloister.policy.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.protocol.ControlRequest.Command;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ControlCodecTest {
    private static final long SEED = 4711;

    static Stream<ControlReply> replies() {
        Snapshot.DomainView domain = new Snapshot.DomainView(
                "a",
                "id",
                "secret",
                "running",
                7,
                "direct",
                10,
                2.5,
                Map.of("io", 9L, "hlt", 1L),
                3,
                4,
                5,
                6,
                7,
                8,
                -1,
                "é\n",
                List.of(new Snapshot.GateView("labels", "refuse", "no", "p:1:2")),
                5,
                List.of(new Snapshot.ConsoleView(3, "root", 12, "write")));
        Snapshot.FlowView flow = new Snapshot.FlowView(
                "f", "a", "b", "memory", "live", 1, 1, 0.5, 2, 3, new Snapshot.LimitsView(1, 2, 3, 4, 5), "why");
        ScheduleView schedule = new ScheduleView(
                "day",
                "night",
                "freezer",
                true,
                false,
                1,
                2,
                3,
                4,
                5,
                6,
                List.of(new ScheduleView.FrameView("day", 1, 0, "a", 7, 8, 9, 10, 11)));
        return Stream.of(
                new ControlReply.Done("ok"),
                new ControlReply.State(new Snapshot(
                        "p", "d", 7, 1, 2, true, 3, "h", List.of(domain, domain), List.of(flow), List.of(schedule))),
                new ControlReply.Console("a", true, 2),
                new ControlReply.AuditHead(17, "ab"),
                new ControlReply.Balloon("guard", 1L << 30, 2, 3, Map.of("free", 4L)),
                new ControlReply.Failed("busy", "no \"quotes\" left"));
    }

    @ParameterizedTest
    @MethodSource("replies")
    void repliesComeBackEqualOnOneLine(ControlReply reply) throws ProtocolException {
        String line = ControlCodec.encode(reply);
        assertThat(line).doesNotContain("\n");
        assertThat(ControlCodec.decodeReply(line)).isEqualTo(reply);
    }

    @ParameterizedTest
    @EnumSource(Command.class)
    void requestsComeBackEqual(Command command) throws ProtocolException {
        ControlRequest request = switch (command.subject()) {
            case NONE -> ControlRequest.of(command);
            case DOMAIN -> ControlRequest.of(command, "guard");
            case FLOW -> ControlRequest.ofFlow(command, "readings");
            case FILE -> ControlRequest.load("/etc/policy.json", true);
            case MAJOR -> ControlRequest.ofMajor(command, "night");
        };
        assertThat(ControlCodec.decodeRequest(ControlCodec.encode(request))).isEqualTo(request);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | a JSON object",
                "[] | a JSON object",
                "{} | ps, status",
                "{\"command\":\"fly\"} | ps, status",
                "{\"command\":\"pause\"} | the name of a domain",
                "{\"command\":\"revoke\",\"domain\":\"a\"} | the name of a flow",
                "{\"command\":\"schedule-use\"} | the name of a major frame",
                "{\"command\":\"ps\",\"x\":1} | command, domain, flow, major, intervalMillis",
                "{\"command\":\"ps\"}{} | nothing after it",
                "{\"command\":\"ps\",\"command\":\"ps\"} | a JSON object such as",
                "{\"command\":{\"a\":1}} | ps, status",
                "{\"command\":\"pause\",\"domain\":7} | a string",
                "{\"version\":2,\"command\":\"ps\"} | expected 1",
                "{\"command\":\"watch\",\"intervalMillis\":1} | 50 to 60000",
                "{\"command\":\"watch\",\"intervalMillis\":\"x\"} | 50 to 60000"
            })
    void malformedRequestsSayWhatWasExpected(String line, String expected) {
        assertThatThrownBy(() -> ControlCodec.decodeRequest(line))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining(expected);
    }

    @Test
    void sizesOfBalloonsAreWiderThanThirtyTwoBits() throws ProtocolException {
        ControlRequest request = ControlRequest.balloon("guard", 1L << 40);
        assertThat(ControlCodec.decodeRequest(ControlCodec.encode(request))).isEqualTo(request);
        assertThatThrownBy(() -> ControlCodec.decodeRequest(
                        "{\"command\":\"balloon\",\"domain\":\"guard\",\"balloonBytes\":1099511627777}"))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("0 to 1099511627776");
    }

    @Test
    void damagedLinesAreRefusedAndNothingElseHappens() {
        Random random = new Random(SEED);
        String whole = "{\"command\":\"watch\",\"intervalMillis\":500}";
        int refused = 0;
        for (int i = 0; i < 5000; i++) {
            StringBuilder line = new StringBuilder(whole);
            line.setCharAt(random.nextInt(line.length()), (char) random.nextInt(256));
            try {
                ControlCodec.decodeRequest(line.toString());
            } catch (ProtocolException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(4000);
    }
}
