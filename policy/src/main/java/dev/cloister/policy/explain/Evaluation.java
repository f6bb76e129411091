package dev.cloister.policy.explain;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.history.Contacts;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.WindowClock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Evaluates lines, each a JSON object that says what happens next; granted requests take effect:
 *
 * <pre>
 * {"do":"start","domain":D}                                may D start?
 * {"do":"open","from":E,"to":E,"kind":K,"flow":F,"by":D}   may a channel be opened? ("flow" and "by" may be left out)
 * {"do":"use","flow":F,"units":N}                          may so much pass? (bytes, or signals of an event)
 * {"do":"stop","domain":D}      {"do":"close","flow":F}    a domain, a channel ends
 * {"do":"running","domain":D}                              D runs already, whatever the policy says
 * {"do":"contact","set":S,"endpoint":E,"party":P}          a journal knows that information of P has reached E
 * {"do":"measure","endpoint":D,"kernel":H,"firmware":H,"initrd":H}, {"do":"measure","endpoint":"@disk:x","sha256":H}
 * {"do":"pass"}                                            nothing but time passes
 * </pre>
 *
 * Each line may have {@code "at"}, a time such as {@code 2026-11-21T10:00:00Z}, or {@code "after"}, the time since the line before,
 * such as {@code 90s}, {@code 5m}, {@code 2h}. What isn't measured is as the policy states it. Not thread-safe.
 */
public final class Evaluation {
    private final Policy policy;
    private final Sequence sequence;
    private final WindowClock clock;

    /**
     * What came of a line.
     *
     * @param at when
     * @param asked what was asked, in words
     * @param decision the decision, where something was asked
     * @param verdicts every gate's verdict on it
     * @param deciding the verdict that decided, where something was asked
     * @param contacts contacts that it made, as {@code set:endpoint=party}
     * @param ended domains and flows that ended before because their windows closed, as {@code time name}
     */
    public record Step(
            Instant at,
            String asked,
            Optional<Decision> decision,
            List<Verdict> verdicts,
            Optional<Verdict> deciding,
            List<String> contacts,
            List<String> ended) {
        /** Copies the lists. */
        public Step {
            verdicts = List.copyOf(verdicts);
            contacts = List.copyOf(contacts);
            ended = List.copyOf(ended);
        }

        /** Returns whether something was asked and refused. */
        public boolean refused() {
            return decision.isPresent() && !decision.get().granted();
        }
    }

    /**
     * Begins.
     *
     * @param policy the policy
     * @param loaded when it is loaded; periods of quotas and relative windows count from here
     */
    public Evaluation(Policy policy, Instant loaded) {
        this.policy = policy;
        this.sequence = new Sequence(policy, loaded);
        this.clock = new WindowClock(policy.windows(), loaded);
    }

    /**
     * Evaluates one line.
     *
     * @throws EvaluationException if it says nothing that could be evaluated; then nothing has happened
     */
    public Step line(String json) throws EvaluationException {
        EvaluationLine line = EvaluationLine.parse(policy, json);
        String verb = line.verb();
        Instant time = time(line);
        List<String> contacts = new ArrayList<>();
        List<String> ended = new ArrayList<>();
        Runnable pass = () -> sequence.advance(time, (when, name) -> ended.add(when + " " + name));
        Asked asked = switch (verb) {
            case "start" -> start(line.only("domain"), pass);
            case "open" -> open(line.only("from", "to", "kind", "flow", "by"), pass, contacts);
            case "use" -> use(line.only("flow", "units"), pass);
            default -> happen(verb, line, pass);
        };
        Optional<Explanation> words = asked.decision().map(decision -> Explanation.of(decision, clock, time));
        return new Step(
                time,
                asked.words(),
                asked.decision(),
                words.map(Explanation::verdicts).orElse(List.of()),
                words.map(Explanation::deciding),
                contacts,
                ended);
    }

    private record Asked(String words, Optional<Decision> decision) {}

    private Instant time(EvaluationLine line) throws EvaluationException {
        Optional<Instant> at = line.instant("at");
        if (at.isPresent()) {
            return at.get();
        }
        return line.has("after") ? sequence.now().plus(duration(line.text("after"))) : sequence.now();
    }

    private static Duration duration(String text) throws EvaluationException {
        try {
            String iso = text.toUpperCase(Locale.ROOT);
            return Duration.parse(iso.endsWith("D") ? "P" + iso : "PT" + iso);
        } catch (DateTimeParseException _) {
            throw new EvaluationException("\"after\" is " + text + ": expected a duration such as 90s, 5m, 2h or 1d");
        }
    }

    private Asked start(EvaluationLine line, Runnable pass) throws EvaluationException {
        Domain domain = line.domain("domain");
        pass.run();
        return new Asked("start " + domain.name(), Optional.of(sequence.start(domain)));
    }

    private Asked open(EvaluationLine line, Runnable pass, List<String> contacts) throws EvaluationException {
        Endpoint from = line.endpoint("from");
        Endpoint to = line.endpoint("to");
        var kind = line.kind("kind");
        Optional<Flow> flow = line.has("flow") ? Optional.of(line.flow("flow")) : Optional.empty();
        Optional<Domain> by = line.has("by") ? Optional.of(line.domain("by")) : Optional.empty();
        pass.run();
        Contacts made = (set, endpoint, party) -> contacts.add(contact(set, endpoint, party));
        return new Asked(
                "open " + from.name() + " -> " + to.name() + " (" + kind.jsonName() + ")",
                Optional.of(sequence.open(from, to, kind, flow, by, made)));
    }

    private String contact(int set, int endpoint, int party) {
        ConflictSet conflict = policy.conflicts().get(set);
        return conflict.name() + ":" + policy.endpoint(endpoint).name() + "="
                + conflict.parties().get(party).name();
    }

    private Asked use(EvaluationLine line, Runnable pass) throws EvaluationException {
        Flow flow = line.flow("flow");
        long units = line.integer("units");
        if (units < 0) {
            throw new EvaluationException("\"units\" is " + units + ": expected 0 or more");
        }
        pass.run();
        return new Asked("use " + flow.name() + " " + units, Optional.of(sequence.use(flow, units)));
    }

    private Asked happen(String verb, EvaluationLine line, Runnable pass) throws EvaluationException {
        Runnable effect = switch (verb) {
            case "stop" -> {
                Domain domain = line.only("domain").domain("domain");
                yield () -> sequence.stop(domain);
            }
            case "running" -> {
                Domain domain = line.only("domain").domain("domain");
                yield () -> sequence.history().started(domain.index());
            }
            case "close" -> {
                Flow flow = line.only("flow").flow("flow");
                yield () -> sequence.close(flow);
            }
            case "contact" -> contact(line.only("set", "endpoint", "party"));
            case "measure" -> measure(line.only("endpoint", "kernel", "firmware", "initrd", "sha256"));
            case "pass" -> {
                line.only();
                yield () -> {};
            }
            default ->
                throw new EvaluationException("\"do\" is \"" + verb
                        + "\": expected one of start, open, use, stop, close, running, contact, measure, pass");
        };
        pass.run();
        effect.run();
        return new Asked(verb, Optional.empty());
    }

    private Runnable contact(EvaluationLine line) throws EvaluationException {
        ConflictSet set = line.set("set");
        ConflictSet.Party party = line.party(set, "party");
        Endpoint endpoint = line.endpoint("endpoint");
        boolean anyOpen =
                policy.flows().stream().anyMatch(flow -> sequence.history().isOpen(flow.index()));
        if (anyOpen) {
            throw new EvaluationException("a journal is read before any channel is open: put contacts first");
        }
        return () -> sequence.contact(set.index(), endpoint, party.index());
    }

    private Runnable measure(EvaluationLine line) throws EvaluationException {
        return switch (line.endpoint("endpoint")) {
            case Domain domain ->
                () -> sequence.measure(
                        domain, line.textOrEmpty("kernel"), line.textOrEmpty("firmware"), line.textOrEmpty("initrd"));
            case HostEndpoint disk -> () -> sequence.measure(disk, line.textOrEmpty("sha256"));
        };
    }
}
