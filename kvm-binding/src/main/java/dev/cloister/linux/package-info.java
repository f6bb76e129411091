/**
 * The Linux system calls that the JDK lacks, as small typed owners: descriptors with an owner, sealed memory files, mappings,
 * event descriptors, pipes, descriptor passing, polling, process spawning, thread signals and process controls.
 *
 * <p>A failing call is a {@link dev.cloister.linux.ErrnoException} that names the call, its object and the errno. Every
 * descriptor made here is close-on-exec. What knows about KVM belongs in {@code dev.cloister.kvm}; what knows about guests or
 * policy belongs in other modules.
 */
package dev.cloister.linux;
