package dev.cloister.policy.daemon;

import dev.cloister.policy.model.Flow;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.ToVmm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Tells running domains of channels that their directories don't have, or not as they are now. Loop's thread only. */
final class DirectoryChanges {
    private final Fabric fabric;
    private final Decider decider;

    DirectoryChanges(Fabric fabric, Decider decider) {
        this.fabric = fabric;
        this.decider = decider;
    }

    /**
     * Gives a closed channel a place in the directories of its running ends.
     *
     * @return what is told where that is not possible before an end's next start
     */
    Optional<ControlReply.Item> declare(Channel channel) {
        if (!channel.is(Channel.Stage.CLOSED)) {
            return Optional.empty();
        }
        Flow flow = channel.flow();
        List<String> lacking = new ArrayList<>();
        fabric.runtime(flow.from())
                .filter(end -> !told(end, channel, Direction.OUT))
                .ifPresent(e -> lacking.add(e.name()));
        fabric.runtime(flow.to())
                .filter(end -> !told(end, channel, Direction.IN))
                .ifPresent(e -> lacking.add(e.name()));
        if (lacking.isEmpty()) {
            return Optional.empty();
        }
        String why = "after the next start of " + String.join(" and ", lacking) + ": its directory has no place for it";
        channel.note(why);
        return Optional.of(new ControlReply.Item("flow", flow.name(), "later", why, 0));
    }

    /** Whether the guest of an end is told of the channel, or there is none that could be. */
    private boolean told(DomainRuntime end, Channel channel, Direction direction) {
        DomainDirectory directory = end.directory();
        if (!end.alive() || end.stopping() || directory.has(channel)) {
            return true;
        }
        boolean wired = directory.canHave(channel.flow(), direction);
        Optional<DomainDirectory.Place> place =
                wired ? directory.place(channel, direction, this::gone) : Optional.empty();
        place.ifPresent(found -> {
            ChannelConfig config = DomainLayout.channel(
                    direction, channel.flow(), found.index(), found.gpa(), DomainLayout.quota(channel.flow(), decider));
            directory.at(found.index()).ifPresent(channel::numberAfter);
            directory.put(channel, config);
            end.send(new ToVmm.Declare(config));
        });
        return place.isPresent();
    }

    private boolean gone(Channel channel) {
        return channel.is(Channel.Stage.CLOSED) && !fabric.has(channel);
    }
}
