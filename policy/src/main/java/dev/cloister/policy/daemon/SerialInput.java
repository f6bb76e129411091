package dev.cloister.policy.daemon;

import dev.cloister.linux.Fd;
import dev.cloister.policy.daemon.control.SerialWay;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import java.util.Optional;

/**
 * The way to a domain's serial line, as long as the flow that allows it is live.
 *
 * @param channel of the flow; its stage may be read by any thread
 * @param end the end to write to; non-blocking
 */
record SerialInput(Channel channel, Fd end) implements SerialWay {
    @Override
    public boolean passes() {
        return channel.passes();
    }

    /** Finds the way; empty where the policy has none, or it is not open now. */
    static Optional<SerialInput> of(DomainRuntime domain, Fabric fabric) {
        Optional<Fd> end = domain.link().flatMap(VmmLink::serialInput);
        for (Channel channel : fabric.channelsOf(domain)) {
            Flow flow = channel.flow();
            boolean input = flow.kind() == FlowKind.CONSOLE && flow.to() == domain.domain();
            if (input && channel.passes() && end.isPresent()) {
                return Optional.of(new SerialInput(channel, end.get()));
            }
        }
        return Optional.empty();
    }
}
