package dev.cloister.policy.protocol;

import dev.cloister.policy.model.Problem;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An answer on the control socket: one line of JSON with {@code version}, {@code ok}, {@code reply} (the record's name, lower case
 * with hyphens) and the record's components.
 */
public sealed interface ControlReply {
    /**
     * It was done.
     *
     * @param message one sentence
     */
    record Done(String message) implements ControlReply {}

    /**
     * A snapshot.
     *
     * @param snapshot the state
     */
    record State(Snapshot snapshot) implements ControlReply {}

    /**
     * The connection is the domain's serial line from here on.
     *
     * @param domain name of the domain
     * @param input whether what is sent reaches it: the policy has a flow from {@code @console} to it and the request was not
     *     {@code readOnly}; else it is discarded
     * @param run which of the domain's runs under this daemon it is, from 0; before the first has begun it is that one's
     */
    record Console(String domain, boolean input, int run) implements ControlReply {}

    /**
     * The audit log's end.
     *
     * @param records how many records it has
     * @param hash hash of the newest, hexadecimal
     */
    record AuditHead(long records, String hash) implements ControlReply {}

    /**
     * How a domain's balloon is.
     *
     * @param domain name of the domain
     * @param wanted bytes that its guest is asked to give back
     * @param actual bytes that its guest says it has given back
     * @param returned bytes of pages that went back to the host so far, each time counted
     * @param guest what the guest says of its memory; empty if it says nothing
     */
    record Balloon(String domain, long wanted, long actual, long returned, Map<String, Long> guest)
            implements ControlReply {
        /** Copies the map. */
        public Balloon {
            guest = Map.copyOf(guest);
        }
    }

    /**
     * A policy was put into force, would be, or can't be.
     *
     * @param loaded whether it is in force now
     * @param dryRun whether that was never asked for
     * @param message one sentence
     * @param policy name of the policy; empty where it can't be read
     * @param digest SHA-256 of the policy, hexadecimal; empty where it can't be read
     * @param oldDigest digest of the policy that was in force
     * @param epoch which loading is in force, from 1
     * @param micros microseconds from the switch until all that was taken away was gone
     * @param items what it did to each domain and flow that it concerns; kept flows are only counted
     * @param kept flows that were live and stayed so
     * @param problems why it can't be loaded; empty if it can
     */
    record PolicyLoad(
            boolean loaded,
            boolean dryRun,
            String message,
            String policy,
            String digest,
            String oldDigest,
            long epoch,
            long micros,
            List<Item> items,
            long kept,
            List<ProblemView> problems)
            implements ControlReply {
        /** Copies the lists. */
        public PolicyLoad {
            items = List.copyOf(items);
            problems = List.copyOf(problems);
        }
    }

    /**
     * What a policy did to one domain or flow.
     *
     * @param what {@code domain} or {@code flow}
     * @param name its name
     * @param outcome {@code revoked}, {@code stopped}, {@code added}, {@code later} (after a domain's next start) or {@code limits}
     *     (other limits on what stayed live)
     * @param reason why, in words
     * @param micros revoked, stopped: microseconds from the switch until it was gone; else 0
     */
    record Item(String what, String name, String outcome, String reason, long micros) {}

    /**
     * A problem of a policy, as {@code policy check} tells it.
     *
     * @param id its stable id
     * @param severity {@code error}, {@code warning} or {@code note}
     * @param file the file
     * @param line line from 1; 0 for none
     * @param column column from 1; 0 for none
     * @param message what is wrong
     * @param value what was found; may be empty
     * @param expected what was expected; may be empty
     * @param suggestion what to do; may be empty
     */
    record ProblemView(
            String id,
            String severity,
            String file,
            int line,
            int column,
            String message,
            String value,
            String expected,
            String suggestion) {
        /** Returns the view of a problem. */
        public static ProblemView of(Problem problem) {
            return new ProblemView(
                    problem.id().code(),
                    problem.severity().label(),
                    problem.file(),
                    problem.line(),
                    problem.column(),
                    problem.message(),
                    problem.value(),
                    problem.expected(),
                    problem.suggestion());
        }
    }

    /**
     * It was not done.
     *
     * @param code {@code bad-request}, {@code unknown-domain}, {@code wrong-state}, {@code refused}, {@code timeout},
     *     {@code busy} or {@code failed}
     * @param error one sentence
     */
    record Failed(String code, String error) implements ControlReply {}

    /**
     * Returns the failure, if it is one.
     *
     * @return the failure or empty
     */
    default Optional<Failed> failure() {
        return this instanceof Failed failed ? Optional.of(failed) : Optional.empty();
    }
}
