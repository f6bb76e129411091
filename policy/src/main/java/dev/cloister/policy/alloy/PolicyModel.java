package dev.cloister.policy.alloy;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.SourcePosition;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A policy as a self-contained Alloy 6 module. The model has exactly one instance, so every question is answered by evaluating an
 * expression in it: run the command {@code policy} and ask Alloy's evaluator for {@code leaks}, {@code D_red.(paths[definite, none])}
 * or whatever else the fixed part names; or run the command of a {@link Question}.
 *
 * @param text the module
 * @param questions what its commands ask, in the order of the commands
 */
public record PolicyModel(String text, List<Question> questions) {
    /** The most endpoints for which each ordered pair gets a command of its own; with more, the evaluator tells. */
    public static final int MOST_PAIRED = 8;

    /** The command that finds the instance. */
    public static final String INSTANCE = "policy";

    /** Copies the list. */
    public PolicyModel {
        questions = List.copyOf(questions);
    }

    /** Writes the module of a policy. The same policy always gives the same text. */
    public static PolicyModel of(Policy policy) {
        return new Writer(policy).write();
    }

    private static final class Writer {
        private final Policy policy;
        private final ModelNames names;
        private final ModelText out = new ModelText();
        private final List<Question> questions = new ArrayList<>();

        Writer(Policy policy) {
            this.policy = policy;
            this.names = new ModelNames(policy);
        }

        PolicyModel write() {
            out.line("/*");
            out.line(" * Policy " + policy.name() + ", " + ModelText.comment(policy.file()));
            out.line(" * digest " + policy.digest());
            out.line(" *");
            out.line(" * First what the policy says, each with its place in the file; then what the language means by"
                    + " it, the");
            out.line(" * same for every policy; then the questions. A check without counterexample is a yes.");
            out.line(" */");
            out.line("module policy");
            new PolicyFacts(policy, names, out).write();
            out.line(semantics());
            ask();
            return new PolicyModel(out.toString(), questions);
        }

        private void ask() {
            out.heading("questions");
            out.line("");
            out.line("// The one instance, for the evaluator.");
            out.line("run " + names.unique(INSTANCE) + " {} for 0");
            policy.flows()
                    .forEach(flow -> check(
                            new Question(
                                    Question.Subject.FLOW,
                                    names.unique("granted_" + flow.name()),
                                    "is flow " + flow.name() + " granted?",
                                    flow.position()),
                            "granted[" + names.of(flow) + "]"));
            policy.assertions()
                    .forEach(assertion -> check(
                            new Question(
                                    Question.Subject.ASSERTION,
                                    names.unique("holds_" + names.of(assertion)),
                                    "does " + assertion.claim().jsonName() + " "
                                            + (assertion.name().isEmpty()
                                                    ? "assertion " + (assertion.index() + 1)
                                                    : assertion.name())
                                            + " hold?",
                                    assertion.position()),
                            "holds[" + names.of(assertion) + "]"));
            general();
            if (policy.endpoints().size() <= MOST_PAIRED) {
                policy.endpoints()
                        .forEach(from -> policy.endpoints().stream()
                                .filter(to -> to != from)
                                .forEach(to -> pair(from, to)));
            }
        }

        private void general() {
            SourcePosition all = policy.position();
            check(
                    new Question(
                            Question.Subject.NONINTERFERENCE,
                            names.unique("noLeaks"),
                            "does nothing go against the order of labels over flows, but through guards?",
                            all),
                    "no leaks");
            check(
                    new Question(
                            Question.Subject.NONINTERFERENCE,
                            names.unique("noInterference"),
                            "does nothing go against it over flows or shared resources that nobody has accepted?",
                            all),
                    "no interferes");
            check(
                    new Question(
                            Question.Subject.NONINTERFERENCE,
                            names.unique("noResidual"),
                            "is there no further pair that budgeted reverse edges or accepted sharing join against it?",
                            all),
                    "no residual");
            if (!policy.conflicts().isEmpty()) {
                check(
                        new Question(
                                Question.Subject.CONFLICTS,
                                names.unique("noMeeting"),
                                "can information of two parties of a historic set meet nowhere?",
                                all),
                        "no meetingPlaces");
            }
        }

        private void pair(Endpoint from, Endpoint to) {
            check(
                    new Question(
                            Question.Subject.APART,
                            names.unique("apart_" + from.name() + "_" + to.name()),
                            "does nothing of " + from.name() + " reach " + to.name() + " over flows without a budget?",
                            from.position()),
                    names.of(from) + " -> " + names.of(to) + " not in paths[definite, none]");
        }

        private void check(Question question, String formula) {
            questions.add(question);
            out.at(question.position(), question.asks());
            out.line("check " + question.command() + " { " + formula + " } for 0");
        }
    }

    private static String semantics() {
        try (InputStream in = PolicyModel.class.getResourceAsStream("semantics.als")) {
            if (in == null) {
                throw new IllegalStateException("semantics.als is missing from the program");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
