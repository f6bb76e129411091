package dev.cloister.policy.confinement;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What a daemon shall put around VMM processes, as far as the host has it.
 *
 * @param bubblewrap the program that makes namespaces; empty for none
 * @param controlGroups whether control groups are made
 */
public record Surround(Optional<Path> bubblewrap, boolean controlGroups) {
    /** Nothing: a process has only the sandbox that it enters itself. */
    public static final Surround NONE = new Surround(Optional.empty(), false);

    /** Returns everything that is installed here. */
    public static Surround ofHost() {
        return new Surround(Bubblewrap.installed(), true);
    }
}
