package dev.cloister.vmm.config;

import dev.cloister.policy.protocol.ViolationKind;

/**
 * Something the guest tried that its policy does not grant. The guest goes on; the attempt is reported at a bounded rate.
 *
 * @param kind what it tried
 * @param detail one line with the values
 * @param suppressed how many earlier violations were counted but not reported one by one
 */
public record Violation(ViolationKind kind, String detail, long suppressed) {}
