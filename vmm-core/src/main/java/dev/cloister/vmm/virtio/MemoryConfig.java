package dev.cloister.vmm.virtio;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A machine's devices that are about memory.
 *
 * @param balloon the balloon, if there is one
 * @param persistent ranges of persistent memory, in the order in which the guest finds them
 * @param granted those that the daemon hands over and takes away, behind the others
 */
public record MemoryConfig(Optional<BalloonConfig> balloon, List<PmemConfig> persistent, List<GrantedRange> granted) {
    /** None. */
    public static final MemoryConfig NONE = new MemoryConfig(Optional.empty(), List.of(), List.of());

    /**
     * Copies the lists.
     *
     * @param balloon the balloon
     * @param persistent ranges of persistent memory
     * @param granted those of the daemon
     */
    public MemoryConfig {
        persistent = List.copyOf(persistent);
        granted = List.copyOf(granted);
    }

    /**
     * Why host memory failed under an access: a file that was made shorter, if there is one.
     *
     * @return one sentence, or the empty text if there is no persistent memory that can have failed
     */
    public String loss() {
        return Stream.concat(
                        persistent.stream().map(range -> new Loss(range.isShorter(), range.loss())),
                        granted.stream().map(range -> new Loss(range.isShorter(), range.loss())))
                .min(Comparator.comparing(loss -> !loss.certain()))
                .map(Loss::text)
                .orElse("");
    }

    /** What may have failed: certainly where a file is too short. */
    private record Loss(boolean certain, String text) {}
}
