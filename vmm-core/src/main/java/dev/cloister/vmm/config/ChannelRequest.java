package dev.cloister.vmm.config;

import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.Direction;

/**
 * A guest's request, copied once out of its request page and checked for form, not for meaning.
 *
 * @param id the VMM's number for it; the answer carries the same
 * @param kind what it asks for
 * @param direction as the asking domain sees it
 * @param peer the other endpoint's name, printable ASCII, 1..31 characters
 */
public record ChannelRequest(long id, FlowKind kind, Direction direction, String peer) {}
