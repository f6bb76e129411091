package dev.cloister.policy.explain;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The members of one line of an evaluation, resolved against a policy. Hostile input: each is checked once, here. */
final class EvaluationLine {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final int MOST_MEMBERS = 16;

    private final Policy policy;
    private final Map<String, String> members;

    private EvaluationLine(Policy policy, Map<String, String> members) {
        this.policy = policy;
        this.members = members;
    }

    /** Parses a JSON object of texts and integers. */
    static EvaluationLine parse(Policy policy, String line) throws EvaluationException {
        Map<String, String> members = new LinkedHashMap<>();
        try (JsonParser parser = FACTORY.createParser(line)) {
            expect(parser.nextToken() == JsonToken.START_OBJECT, "a line is one JSON object");
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                boolean scalar = value == JsonToken.VALUE_STRING || value == JsonToken.VALUE_NUMBER_INT;
                expect(scalar, "\"" + name + "\" is a text or an integer");
                expect(members.put(name, parser.getText()) == null, "\"" + name + "\" stands there twice");
                expect(members.size() <= MOST_MEMBERS, "a line has at most " + MOST_MEMBERS + " members");
            }
            expect(parser.nextToken() == null, "text behind the object");
        } catch (IOException _) {
            throw new EvaluationException(
                    "no JSON: a line is one object such as {\"do\":\"start\",\"domain\":\"red\"}");
        }
        return new EvaluationLine(policy, members);
    }

    /** Says no to members that the verb doesn't have; those for the time are always allowed. */
    EvaluationLine only(String... allowed) throws EvaluationException {
        TreeSet<String> all = new TreeSet<>(List.of(allowed));
        all.addAll(List.of("do", "at", "after"));
        for (String name : members.keySet()) {
            expect(all.contains(name), "\"" + verb() + "\" has no \"" + name + "\"; it has " + String.join(", ", all));
        }
        return this;
    }

    String verb() throws EvaluationException {
        return text("do");
    }

    boolean has(String name) {
        return members.containsKey(name);
    }

    String text(String name) throws EvaluationException {
        String value = members.get(name);
        if (value == null) {
            throw new EvaluationException("the line lacks \"" + name + "\"");
        }
        return value;
    }

    String textOrEmpty(String name) {
        return members.getOrDefault(name, "");
    }

    long integer(String name) throws EvaluationException {
        try {
            return Long.parseLong(text(name));
        } catch (NumberFormatException _) {
            throw new EvaluationException("\"" + name + "\" is " + text(name) + ": expected an integer");
        }
    }

    Optional<Instant> instant(String name) throws EvaluationException {
        try {
            return has(name) ? Optional.of(Instant.parse(text(name))) : Optional.empty();
        } catch (DateTimeException _) {
            throw new EvaluationException(
                    "\"" + name + "\" is " + text(name) + ": expected a time such as 2026-11-21T10:00:00Z");
        }
    }

    Endpoint endpoint(String name) throws EvaluationException {
        return found(policy.endpoint(text(name)), name, "an endpoint of the policy");
    }

    Domain domain(String name) throws EvaluationException {
        return found(policy.domain(text(name)), name, "a domain of the policy");
    }

    Flow flow(String name) throws EvaluationException {
        return found(policy.flow(text(name)), name, "a flow of the policy");
    }

    FlowKind kind(String name) throws EvaluationException {
        String asked = text(name);
        Optional<FlowKind> kind = Arrays.stream(FlowKind.values())
                .filter(one -> one.jsonName().equals(asked))
                .findFirst();
        String all = Arrays.stream(FlowKind.values()).map(FlowKind::jsonName).collect(Collectors.joining(", "));
        return found(kind, name, "one of " + all);
    }

    ConflictSet set(String name) throws EvaluationException {
        String asked = text(name);
        return found(
                policy.conflicts().stream()
                        .filter(set -> set.name().equals(asked))
                        .findFirst(),
                name,
                "a conflict set of the policy");
    }

    ConflictSet.Party party(ConflictSet set, String name) throws EvaluationException {
        String asked = text(name);
        return found(
                set.parties().stream()
                        .filter(party -> party.name().equals(asked))
                        .findFirst(),
                name,
                "a party of conflict set \"" + set.name() + "\"");
    }

    private <T> T found(Optional<T> value, String name, String expected) throws EvaluationException {
        if (value.isEmpty()) {
            throw new EvaluationException("\"" + name + "\" is \"" + text(name) + "\": expected " + expected);
        }
        return value.get();
    }

    private static void expect(boolean truth, String message) throws EvaluationException {
        if (!truth) {
            throw new EvaluationException(message);
        }
    }
}
