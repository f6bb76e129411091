package dev.cloister.policy.daemon;

import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.Flow;
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
    /** What the run began with. */
    private final List<ChannelConfig> initial;

    /** A directory; both lists are in the order of its places. */
    DomainDirectory(List<Channel> channels, List<ChannelConfig> told) {
        this.channels = new ArrayList<>(channels);
        this.told = new ArrayList<>(told);
        this.initial = List.copyOf(told);
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

    /**
     * Whether the run can have a channel at all: its serial line has the descriptors of that direction, or its guest the device that the
     * channel is for, which is there from the start or not at all.
     */
    boolean canHave(Flow flow, Direction direction) {
        String peer = (direction == Direction.OUT ? flow.to() : flow.from()).name();
        return switch (flow.kind()) {
            case CONSOLE -> initial.stream().anyMatch(c -> c.kind() == FlowKind.CONSOLE && c.direction() == direction);
            case DISK, WIRE ->
                initial.stream()
                        .anyMatch(c -> c.kind() == flow.kind()
                                && c.direction() == direction
                                && c.peer().equals(peer));
            case MEMORY, EVENT, STREAM, DATAGRAM, LOG -> true;
        };
    }

    /** Whether the guest is told of the channel as it is now. */
    boolean has(Channel channel) {
        int index = indexOf(channel);
        return index >= 0 && tells(told.get(index), channel);
    }

    private static boolean tells(ChannelConfig config, Channel channel) {
        return sameButQuotaUse(
                config,
                DomainLayout.channel(
                        config.direction(),
                        channel.flow(),
                        config.index(),
                        config.window().gpa()));
    }

    private static boolean sameButQuotaUse(ChannelConfig told, ChannelConfig wanted) {
        boolean same = told.flow().equals(wanted.flow())
                && told.kind() == wanted.kind()
                && told.peer().equals(wanted.peer());
        // What a serial line may carry is the daemon's to know alone.
        return same && (told.kind() == FlowKind.CONSOLE || sameMeasures(told, wanted));
    }

    private static boolean sameMeasures(ChannelConfig told, ChannelConfig wanted) {
        return told.window().equals(wanted.window())
                && told.limits().ratePerSecond() == wanted.limits().ratePerSecond()
                && told.limits().rateBurst() == wanted.limits().rateBurst()
                && told.limits().backChannelBitsPerSecond() == wanted.limits().backChannelBitsPerSecond()
                && told.sockets().equals(wanted.sockets())
                && told.limits().quota().units() == wanted.limits().quota().units()
                && told.limits().quota().periodNanos()
                        == wanted.limits().quota().periodNanos();
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
            return told.get(own).window().sizeBytes() == bytes
                    ? Optional.of(new Place(own, told.get(own).window().gpa()))
                    : Optional.empty();
        }
        for (int i = 0; i < channels.size(); i++) {
            ChannelConfig old = told.get(i);
            boolean same = old.kind() == channel.flow().kind() && old.direction() == direction;
            if (same && old.window().sizeBytes() == bytes && gone.test(channels.get(i))) {
                return Optional.of(new Place(i, old.window().gpa()));
            }
        }
        long end = DirectoryLayout.WINDOWS_GPA;
        for (ChannelConfig config : told) {
            end = Math.max(end, config.window().gpa() + config.window().sizeBytes());
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
