package dev.cloister.policy.daemon;

import dev.cloister.policy.protocol.ToVmm;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Brings all domains up together: configure, sending ends, receiving ends, start. Each step waits until every VMM that still
 * lives has answered; one that doesn't answer in time is killed and the others go on. Loop's thread only.
 */
final class Handshake {
    private enum Step {
        CONFIGURE,
        SENDERS,
        RECEIVERS,
        RUN
    }

    private final Fabric fabric;
    private final EventLoop loop;
    private final Duration timeout;
    private final Consumer<DomainRuntime> onTimeout;
    private Step step = Step.CONFIGURE;
    private List<EventLoop.Timer> timers = List.of();

    Handshake(Fabric fabric, EventLoop loop, Duration timeout, Consumer<DomainRuntime> onTimeout) {
        this.fabric = fabric;
        this.loop = loop;
        this.timeout = timeout;
        this.onTimeout = onTimeout;
    }

    /** Every domain has been launched or refused. */
    void begin() {
        armTimer();
        check();
    }

    /** Tells whether the start has been sent. */
    boolean running() {
        return step == Step.RUN;
    }

    /** An answer came or a domain ended: goes on if nobody is waited for. */
    void check() {
        while (step != Step.RUN && fabric.domains().stream().noneMatch(DomainRuntime::owes)) {
            next();
        }
    }

    private void next() {
        timers.forEach(EventLoop.Timer::cancel);
        step = Step.values()[step.ordinal() + 1];
        switch (step) {
            case CONFIGURE -> throw new IllegalStateException("the first step has no predecessor");
            case SENDERS -> fabric.attachSenders();
            case RECEIVERS -> fabric.attachReceivers();
            case RUN -> fabric.domains().forEach(domain -> domain.send(new ToVmm.Start()));
        }
        if (step != Step.RUN) {
            armTimer();
        }
    }

    private void armTimer() {
        Step armed = step;
        timers = List.of(loop.after(timeout.toMillis(), () -> expire(armed)));
    }

    private void expire(Step armed) {
        if (step == armed) {
            fabric.domains().stream().filter(DomainRuntime::owes).toList().forEach(onTimeout);
        }
    }
}
