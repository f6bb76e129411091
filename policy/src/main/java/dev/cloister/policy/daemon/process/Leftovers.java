package dev.cloister.policy.daemon.process;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.ProcessIdentity;
import dev.cloister.policy.state.RestoredState;
import dev.cloister.policy.state.StateRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Processes that an earlier daemon started: found by number and start time, held by a pidfd before they are looked at. */
public final class Leftovers {
    private static final long DEATH_MILLIS = 5000;

    private Leftovers() {}

    /** The boot's identity. */
    public static String boot() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    }

    /** Whether a journal's process is still there. */
    static boolean lives(StateRecord.Spawned spawned) {
        OptionalLong ticks = ProcessIdentity.startTicks(spawned.pid());
        return ticks.isPresent() && ticks.getAsLong() == spawned.startTicks();
    }

    /**
     * Ends the processes of a journal that still live.
     *
     * @param state what the journal holds
     * @param boot the present boot: the processes of another are gone
     * @return what was ended, a sentence for each
     * @throws IOException if one can't be ended; the message says what to do
     */
    public static List<String> end(RestoredState state, String boot) throws IOException {
        List<String> ended = new ArrayList<>();
        if (!state.begun().map(StateRecord.Begun::boot).equals(Optional.of(boot))) {
            return ended;
        }
        for (RestoredState.Process process : state.domains().values()) {
            if (process.alive() && end(process.spawned())) {
                ended.add("process " + process.spawned().pid() + " of domain "
                        + process.spawned().domain() + " had outlived its daemon and was ended");
            }
        }
        return ended;
    }

    /** Ends a process if it is the one that is meant; returns whether there was one. */
    public static boolean end(StateRecord.Spawned spawned) throws IOException {
        try {
            Optional<ChildProcess> found = ChildProcess.open(spawned.pid());
            if (found.isEmpty()) {
                return false;
            }
            try (ChildProcess held = found.get()) {
                // Now that it is held, its number can't come to mean another.
                if (!lives(spawned)) {
                    return false;
                }
                held.kill(ChildProcess.SIGKILL);
                if (held.waitFor(DEATH_MILLIS).isPresent()) {
                    return true;
                }
                throw cannot(spawned, "it does not die within " + DEATH_MILLIS + " ms");
            }
        } catch (ErrnoException e) {
            throw cannot(spawned, String.valueOf(e.getMessage()));
        }
    }

    private static IOException cannot(StateRecord.Spawned spawned, String why) {
        return new IOException("process " + spawned.pid() + " of domain " + spawned.domain()
                + " outlived an earlier daemon and can't be ended: " + why + "; end it, then start again");
    }
}
