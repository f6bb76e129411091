package dev.cloister.vmm.channel;

import dev.cloister.policy.protocol.ChannelConfig;
import org.jspecify.annotations.Nullable;

/** The guest-physical pages that channels use: their windows and the directory. Any thread. */
public interface ChannelPages {
    /**
     * The window of a channel.
     *
     * @param index position in the directory
     * @return null for kinds without one
     */
    @Nullable
    ChannelWindow window(int index);

    /**
     * Shows a channel that was added, severed.
     *
     * @param channel what was added
     */
    void directoryDeclared(ChannelConfig channel);

    /**
     * Shows a channel as live in the directory.
     *
     * @param index position in the directory
     * @param epoch which opening it is
     */
    void directoryLive(int index, int epoch);

    /**
     * Shows a channel as severed in the directory.
     *
     * @param index position in the directory
     */
    void directorySevered(int index);
}
