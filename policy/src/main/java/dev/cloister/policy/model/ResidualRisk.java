package dev.cloister.policy.model;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A way between domains that the policy doesn't close, and who accepts it. It holds both ways.
 *
 * @param index dense number
 * @param one one side
 * @param two the other side
 * @param shares what is shared
 * @param acceptedBy who accepts it
 * @param reason why
 * @param until last day on which it is accepted, where stated
 * @param bitsPerSecond estimate of what it may carry, 0 where none is stated
 * @param position where the policy declares it
 */
public record ResidualRisk(
        int index,
        List<Endpoint> one,
        List<Endpoint> two,
        Set<Share> shares,
        String acceptedBy,
        String reason,
        Optional<LocalDate> until,
        long bitsPerSecond,
        SourcePosition position) {
    /** Copies the collections. */
    public ResidualRisk {
        one = List.copyOf(one);
        two = List.copyOf(two);
        shares = Set.copyOf(shares);
    }

    /** What domains may share. */
    public enum Share {
        /** Processor caches. */
        CACHE("cache"),
        /** A processor core. */
        CORE("core"),
        /** The path to memory. */
        MEMORY_BUS("memoryBus"),
        /** A disk. */
        DISK("disk");

        private final String jsonName;

        Share(String jsonName) {
            this.jsonName = jsonName;
        }

        /** Returns the name used in JSON. */
        public String jsonName() {
            return jsonName;
        }
    }
}
