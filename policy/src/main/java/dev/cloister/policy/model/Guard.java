package dev.cloister.policy.model;

/**
 * A domain trusted to move information against the lattice, within bounds.
 *
 * @param domain the guard
 * @param from it may take in information of any label that this one dominates
 * @param to it may release information to any label that dominates this one
 * @param obligation what the guard promises to do, in its author's words
 * @param position where the policy declares it
 */
public record Guard(Domain domain, Label from, Label to, String obligation, SourcePosition position) {}
