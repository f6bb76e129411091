package dev.cloister.policy.model;

/**
 * A fragment's prohibition of flows that the policy declares.
 *
 * @param fragment name of the fragment
 * @param because the author's reason, may be empty
 * @param position where the fragment states it
 */
public record Forbid(String fragment, String because, SourcePosition position) {}
