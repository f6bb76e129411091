package dev.cloister.policy.daemon;

import dev.cloister.policy.daemon.journal.LogFile;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Gives a domain's serial output to each of its console flows that is live: to the operator's scrollback and to log files. */
final class SerialTap implements VmmLink.Sink {
    private final DomainRuntime domain;
    private final List<Channel> outputs = new ArrayList<>();
    private final Map<String, LogFile> logs;
    private final Metering metering;
    private final EventLoop loop;

    SerialTap(DomainRuntime domain, Fabric fabric, Map<String, LogFile> logs, Metering metering, EventLoop loop) {
        this.loop = loop;
        this.domain = domain;
        this.logs = logs;
        this.metering = metering;
        for (Channel channel : fabric.channelsOf(domain)) {
            Flow flow = channel.flow();
            if (flow.kind() == FlowKind.CONSOLE && flow.from() == domain.domain()) {
                outputs.add(channel);
            }
        }
    }

    /** Whether the policy declares any output. */
    boolean declared() {
        return !outputs.isEmpty();
    }

    @Override
    public void append(byte[] bytes, int length) {
        for (Channel channel : outputs) {
            int may = metering.serialOutput(channel, length);
            if (may > 0 && metering.recorded(channel)) {
                byte[] copy = Arrays.copyOf(bytes, may);
                loop.effect(() -> pass(channel, copy, may));
            } else if (may > 0) {
                pass(channel, bytes, may);
            }
        }
    }

    private void pass(Channel channel, byte[] bytes, int length) {
        Optional<LogFile> log = Optional.ofNullable(logs.get(channel.flow().to().name()));
        if (log.isPresent()) {
            log.get().append(bytes, length);
        } else {
            domain.serial().append(bytes, length);
        }
    }
}
