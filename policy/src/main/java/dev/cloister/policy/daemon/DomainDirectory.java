package dev.cloister.policy.daemon;

import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.VmmCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The channel directory of one run of a domain, as its VMM was told: a place for each channel, which stays where it is whatever the
 * policy does meanwhile. Loop's thread only.
 */
final class DomainDirectory {
    /** That of a domain that has never run. */
    static final DomainDirectory NONE = new DomainDirectory(List.of(), List.of());

    private final List<Channel> channels;
    private final List<ChannelConfig> told;

    /** A directory; both lists are in the order of its places. */
    DomainDirectory(List<Channel> channels, List<ChannelConfig> told) {
        this.channels = new ArrayList<>(channels);
        this.told = new ArrayList<>(told);
    }

    int size() {
        return channels.size();
    }

    /** The channel in a place. */
    Optional<Channel> at(int index) {
        return index >= 0 && index < channels.size() ? Optional.of(channels.get(index)) : Optional.empty();
    }

    /** The place of a channel, or -1. */
    int indexOf(Channel channel) {
        return channels.indexOf(channel);
    }

    /** Whether the run has the descriptors of its serial line in a direction. */
    boolean hasConsole(Direction direction) {
        return told.stream().anyMatch(config -> config.kind() == FlowKind.CONSOLE && config.direction() == direction);
    }

    /** Whether the guest is told of the channel as it is now. */
    boolean has(Channel channel) {
        int index = indexOf(channel);
        return index >= 0 && tells(told.get(index), channel);
    }

    private static boolean tells(ChannelConfig config, Channel channel) {
        return sameButQuotaUse(
                config, DomainLayout.channel(config.direction(), channel.flow(), config.index(), config.gpa()));
    }

    private static boolean sameButQuotaUse(ChannelConfig told, ChannelConfig wanted) {
        boolean same = told.flow().equals(wanted.flow())
                && told.kind() == wanted.kind()
                && told.peer().equals(wanted.peer());
        // What a serial line may carry is the daemon's to know alone.
        return same && (told.kind() == FlowKind.CONSOLE || sameMeasures(told, wanted));
    }

    private static boolean sameMeasures(ChannelConfig told, ChannelConfig wanted) {
        return told.sizeBytes() == wanted.sizeBytes()
                && told.recordBytes() == wanted.recordBytes()
                && told.recordCount() == wanted.recordCount()
                && told.ratePerSecond() == wanted.ratePerSecond()
                && told.rateBurst() == wanted.rateBurst()
                && told.backChannelBitsPerSecond() == wanted.backChannelBitsPerSecond()
                && told.quota().units() == wanted.quota().units()
                && told.quota().periodNanos() == wanted.quota().periodNanos();
    }

    /**
     * Finds a place for a channel that the guest is not told of, or not as it is now: its own, one of a channel that is gone for good
     * and was alike, or a new one behind the others.
     *
     * @param gone whether a channel is closed and will not come back
     * @return the place's number and window, or empty where there is none; then the domain has to be started anew
     */
    Optional<Place> place(Channel channel, Direction direction, Predicate<Channel> gone) {
        long bytes = channel.flow().windowBytes();
        int own = indexOf(channel);
        if (own >= 0) {
            return told.get(own).sizeBytes() == bytes
                    ? Optional.of(new Place(own, told.get(own).gpa()))
                    : Optional.empty();
        }
        for (int i = 0; i < channels.size(); i++) {
            ChannelConfig old = told.get(i);
            boolean same = old.kind() == channel.flow().kind() && old.direction() == direction;
            if (same && old.sizeBytes() == bytes && gone.test(channels.get(i))) {
                return Optional.of(new Place(i, told.get(i).gpa()));
            }
        }
        long end = DirectoryLayout.WINDOWS_GPA;
        for (ChannelConfig config : told) {
            end = Math.max(end, config.gpa() + config.sizeBytes());
        }
        boolean fits = channels.size() < VmmCodec.MAX_CHANNELS && end + bytes <= DirectoryLayout.WINDOWS_END_GPA;
        return fits ? Optional.of(new Place(channels.size(), bytes == 0 ? 0 : end)) : Optional.empty();
    }

    /** The guest is told of a channel, in a place that {@link #place} found. */
    void put(Channel channel, ChannelConfig config) {
        if (config.index() == channels.size()) {
            channels.add(channel);
            told.add(config);
        } else {
            channels.set(config.index(), channel);
            told.set(config.index(), config);
        }
    }

    /**
     * A place in a directory.
     *
     * @param index its number
     * @param gpa guest-physical address of its window; 0 for none
     */
    record Place(int index, long gpa) {}
}
