package dev.cloister.cli.daemon;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.text.ByteSize;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import java.io.IOException;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code cloister balloon}. */
@Command(
        name = "balloon",
        mixinStandardHelpOptions = true,
        description =
                "Shows a domain's memory balloon, or changes its size: how much of its memory the guest is asked to"
                    + " give back to the host in all. The domain's \"memory\" in the policy must have a \"balloon\".",
        footer = {
            "",
            "Returns at once; the guest follows over time, as the same command without a SIZE",
            "shows. What the guest says of its memory is its own word.",
            "",
            "Examples:",
            "  cloister balloon worker 512M",
            "  cloister balloon worker 0",
            "  cloister balloon worker --json",
        })
public final class BalloonCommand extends DaemonQuestion<ControlReply.Balloon> {
    @Parameters(index = "0", paramLabel = "DOMAIN", description = "the domain's name")
    private String domain;

    @Parameters(
            index = "1",
            paramLabel = "SIZE",
            arity = "0..1",
            converter = ByteSize.class,
            description =
                    "bytes, or a number with K, M or G, up to the domain's memory; 0 lets the guest have all of it")
    private Long size;

    @Override
    PolicyDaemonClient connect(DaemonOption choice) throws IOException, CommandFailure {
        return choice.connect(domain);
    }

    @Override
    ControlReply.Balloon ask(PolicyDaemonClient client) throws IOException {
        return client.balloon(domain, size == null ? ControlRequest.KEEP_BALLOON : size);
    }

    @Override
    String text(ControlReply.Balloon balloon) {
        String guest = new TreeMap<>(balloon.guest())
                .entrySet().stream()
                        .map(fact -> fact.getKey() + " " + fact.getValue())
                        .collect(Collectors.joining(", "));
        return balloon.domain() + ": " + ByteSize.format(balloon.wanted()) + " asked for, "
                + ByteSize.format(balloon.actual()) + " in the balloon, " + ByteSize.format(balloon.returned())
                + " of pages given back so far"
                + (guest.isEmpty() ? "; the guest says nothing of its memory" : "; the guest says: " + guest);
    }
}
