/**
 * What is put around a VMM process from outside, before it runs a step: namespaces, control groups, rights taken away from whoever
 * starts it; and what of it this host has. What a process does to itself is in {@code dev.cloister.vmm.sandbox}. Knows processes,
 * folders and limits; nothing of channels, decisions or messages.
 */
@NullMarked
package dev.cloister.policy.confinement;

import org.jspecify.annotations.NullMarked;
