package dev.cloister.policy.model;

import java.util.Optional;

/**
 * A domain trusted to move information against the lattice, within bounds.
 *
 * @param domain the guard
 * @param from it may take in information of any label that this one dominates
 * @param to it may release information to any label that dominates this one
 * @param obligation what the guard promises to do, in its author's words
 * @param quota how much it may release in all, over the flows that only the guard makes legal, where stated
 * @param sanitizes bit {@code i} set: it is exempt from conflict set {@code i} and carries none of its contacts on
 * @param position where the policy declares it
 */
public record Guard(
        Domain domain,
        Label from,
        Label to,
        String obligation,
        Optional<Quota> quota,
        long sanitizes,
        SourcePosition position) {}
