package dev.cloister.policy.protocol;

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
     * @param input whether the policy has a flow from {@code @console} to it; without one what is sent is discarded
     */
    record Console(String domain, boolean input) implements ControlReply {}

    /**
     * The audit log's end.
     *
     * @param records how many records it has
     * @param hash hash of the newest, hexadecimal
     */
    record AuditHead(long records, String hash) implements ControlReply {}

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
