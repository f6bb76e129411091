package dev.cloister.policy.model;

/**
 * The most that any pair of domains may leak against the labels.
 *
 * @param bitsPerSecond the limit, 0 or more
 * @param position where it is stated
 */
public record CovertLimit(long bitsPerSecond, SourcePosition position) {}
