package dev.cloister.vmm.channel;

import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The device ends of a machine, by what they are to the guest: so a flow that another policy calls otherwise finds the device that was
 * there from the start. Filled before the machine's channels are made, only read afterwards.
 */
public final class DeviceEnds {
    private record Key(FlowKind kind, Direction direction, String peer) {}

    private final Map<Key, DeviceEnd> ends = new HashMap<>();

    /**
     * Adds one.
     *
     * @param kind {@code DISK} or {@code WIRE}
     * @param direction as the guest's domain sees it
     * @param peer the other endpoint's name
     * @param end the end
     */
    public void add(FlowKind kind, Direction direction, String peer, DeviceEnd end) {
        ends.put(new Key(kind, direction, peer), end);
    }

    /**
     * Finds the end that a channel is for.
     *
     * @param channel the channel
     * @return the end; null where the machine has no such device
     */
    public @Nullable DeviceEnd find(ChannelConfig channel) {
        return ends.get(new Key(channel.kind(), channel.direction(), channel.peer()));
    }
}
