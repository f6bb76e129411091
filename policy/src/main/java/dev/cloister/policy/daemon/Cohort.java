package dev.cloister.policy.daemon;

import dev.cloister.policy.protocol.DomainState;
import java.util.List;

/**
 * Domains that start together: their guests run once every one of them has been built, or will never be, and every channel between
 * them and those that run already has come to rest. So a guest finds its channels when it begins. Loop's thread only.
 */
final class Cohort {
    private final List<DomainRuntime> members;
    private final Fabric fabric;

    Cohort(Fabric fabric, List<DomainRuntime> members) {
        this.fabric = fabric;
        this.members = List.copyOf(members);
    }

    /** Lets the members run if nothing is waited for any more; returns whether that is so. */
    boolean check() {
        if (!members.stream().allMatch(this::settled)) {
            return false;
        }
        for (DomainRuntime member : members) {
            boolean ours = member.isIn(this);
            if (ours) {
                member.leaveCohort();
            }
            if (ours && member.alive() && !member.stopping()) {
                member.sendStart();
            }
        }
        return true;
    }

    private boolean settled(DomainRuntime member) {
        if (!member.isIn(this)) {
            // It has failed, and perhaps begun anew with others.
            return true;
        }
        if (member.state() == DomainState.STARTING) {
            return false;
        }
        return !member.ready()
                || fabric.channelsOf(member).stream().noneMatch(c -> c.opening() || c.is(Channel.Stage.CLOSING));
    }
}
