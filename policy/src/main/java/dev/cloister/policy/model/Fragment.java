package dev.cloister.policy.model;

/**
 * A fragment that the policy includes.
 *
 * @param path the path as written in the including file
 * @param name the name that it gives itself
 * @param position where it is included
 */
public record Fragment(String path, String name, SourcePosition position) {}
