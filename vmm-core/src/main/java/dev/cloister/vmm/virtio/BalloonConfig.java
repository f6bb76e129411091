package dev.cloister.vmm.virtio;

/**
 * A machine's memory balloon.
 *
 * @param bytes how much of its memory the guest is asked to give back once its driver runs; 0 for nothing but free pages, which it
 *     reports of its own accord
 */
public record BalloonConfig(long bytes) {}
