package dev.cloister.vmm.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one machine leaves behind. {@link ReportJson} writes it for machines, {@link FaultReport#text()} its fault for people.
 *
 * @param name the domain's name
 * @param engine the engine that ran it, such as {@code direct}
 * @param cpuModel the processor that the guest was shown, such as {@code v2,-aes}; {@code host} where nobody chose
 * @param outcome how it ended
 * @param exitCode the process exit code, 0..255
 * @param detail one line about the outcome, empty when there is nothing to add
 * @param times durations
 * @param exits exits by kind, those that occurred only, most frequent first
 * @param emulated what the emulator completed
 * @param unclaimed accesses that no device answered
 * @param violations what the guest tried against its policy, reported or not
 * @param memory the process's memory
 * @param notes what the loader and the machine want a person to know
 * @param fault the guest fault, if that was the outcome
 */
public record Report(
        String name,
        String engine,
        String cpuModel,
        Outcome outcome,
        int exitCode,
        String detail,
        Times times,
        List<Count> exits,
        Emulated emulated,
        Unclaimed unclaimed,
        long violations,
        Memory memory,
        List<String> notes,
        @Nullable FaultReport fault) {
    /** Copies the lists. */
    public Report {
        exits = List.copyOf(exits);
        notes = List.copyOf(notes);
    }

    /**
     * Durations in nanoseconds; -1 where unknown.
     *
     * @param processToFirstInstruction from the start of this process (as the kernel dates it, in ticks of 10 ms, or exactly if
     *     the starter told) to right before the first guest instruction
     * @param createToFirstInstruction from the call that made the machine to the same point
     * @param guest from the first guest instruction to the end
     * @param total from the start of this process to the end
     */
    public record Times(long processToFirstInstruction, long createToFirstInstruction, long guest, long total) {}

    /**
     * A named count.
     *
     * @param name what was counted
     * @param count how often
     */
    public record Count(String name, long count) {}

    /**
     * Instructions that KVM gave up on and the emulator completed.
     *
     * @param instructions how many
     * @param exceptions how many of them raised an exception in the guest
     * @param byMnemonic the most frequent first; a bounded number of names, the rest under {@code other}
     */
    public record Emulated(long instructions, long exceptions, List<Count> byMnemonic) {
        /** Copies the list. */
        public Emulated {
            byMnemonic = List.copyOf(byMnemonic);
        }
    }

    /**
     * Accesses that no device answered: reads gave all ones, writes went nowhere.
     *
     * @param portReads port reads
     * @param portWrites port writes
     * @param mmioReads reads of guest-physical space without memory or device
     * @param mmioWrites writes there, and to read-only memory
     */
    public record Unclaimed(long portReads, long portWrites, long mmioReads, long mmioWrites) {}

    /**
     * Resident memory in bytes when the guest ended; -1 where unknown.
     *
     * @param resident the whole process (sum of Rss over /proc/self/smaps)
     * @param guest of it, guest RAM, firmware and channel windows
     * @param beyondGuest the difference: what the VMM itself costs
     */
    public record Memory(long resident, long guest, long beyondGuest) {}
}
