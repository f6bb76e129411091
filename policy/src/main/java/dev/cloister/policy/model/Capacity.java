package dev.cloister.policy.model;

/**
 * What the host has for domains, as the policy's author states it; 0 is not stated.
 *
 * @param memoryBytes memory in bytes
 * @param cpus CPUs
 * @param ratePerSecond events and bytes per second, over all rated flows
 * @param position where the policy declares it
 */
public record Capacity(long memoryBytes, int cpus, long ratePerSecond, SourcePosition position) {}
