package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.protocol.AnswerStatus;
import dev.cloister.policy.protocol.ToVmm;
import java.util.ArrayList;
import java.util.List;

/**
 * A message to one VMM process, with descriptors of its own, that waits for its turn's records. It goes to the process that it was
 * meant for or to none. Loop's thread only.
 */
final class Outgoing implements EventLoop.Effect {
    private final DomainRuntime domain;
    private final VmmLink link;
    private final ToVmm message;
    private final List<Fd> fds;
    private final Runnable onDropped;

    private Outgoing(DomainRuntime domain, VmmLink link, ToVmm message, List<Fd> fds, Runnable onDropped) {
        this.domain = domain;
        this.link = link;
        this.message = message;
        this.fds = fds;
        this.onDropped = onDropped;
    }

    /** Duplicates the descriptors: their owner may close them before the message goes out. */
    static Outgoing of(DomainRuntime domain, VmmLink link, ToVmm message, List<Fd> fds, Runnable onDropped)
            throws ErrnoException {
        List<Fd> own = new ArrayList<>(fds.size());
        try {
            for (Fd fd : fds) {
                own.add(fd.duplicate());
            }
        } catch (ErrnoException e) {
            own.forEach(Fd::close);
            throw e;
        }
        return new Outgoing(domain, link, message, own, onDropped);
    }

    /** Whether it only refuses, asks or takes away: then it may go out even where nothing can be recorded. */
    boolean harmless() {
        return switch (message) {
            case ToVmm.Configure _, ToVmm.Attach _, ToVmm.Declare _, ToVmm.Start _, ToVmm.Resume _, ToVmm.Pause _ ->
                false;
            case ToVmm.SetBalloon balloon -> balloon.bytes() == ToVmm.SetBalloon.NO_CHANGE;
            case ToVmm.Answer answer -> answer.status() != AnswerStatus.GRANTED;
            case ToVmm.Stop _, ToVmm.PressPowerButton _, ToVmm.Revoke _, ToVmm.Query _ -> true;
        };
    }

    /** Whether it only takes something away: that need not wait for any record. */
    boolean takesAway() {
        return message instanceof ToVmm.Stop
                || message instanceof ToVmm.PressPowerButton
                || message instanceof ToVmm.Revoke;
    }

    @Override
    public void run() {
        if (current() && !link.send(message, fds)) {
            domain.kill("did not take a message from its control socket");
        }
        done();
    }

    @Override
    public void dropped() {
        if (current()) {
            onDropped.run();
        }
        done();
    }

    private boolean current() {
        return domain.has(link);
    }

    private void done() {
        fds.forEach(Fd::close);
        domain.sent();
    }
}
