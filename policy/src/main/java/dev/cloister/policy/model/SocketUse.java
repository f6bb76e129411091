package dev.cloister.policy.model;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a stream carries that isn't a ring in its guests' memory but connections of AF_VSOCK: either those that its sender's programs
 * open, or what is said back on those of another flow.
 *
 * @param ports ports of the receiver that programs of the sender may connect to; none where it answers
 * @param answers name of the flow, in the other direction, whose connections this one carries back; empty where it has ports
 * @param answered whether another flow answers this one
 */
public record SocketUse(List<PortRange> ports, String answers, boolean answered) {
    /** The context id of the host itself, VMADDR_CID_HOST. */
    public static final int HOST_CID = 2;

    /** The most ranges of ports. */
    public static final int MAX_RANGES = 16;

    /** Copies the list. */
    public SocketUse {
        ports = List.copyOf(ports);
    }

    /** Returns the same, answered by another flow. */
    public SocketUse withAnswer() {
        return new SocketUse(ports, answers, true);
    }

    /** Returns it in words, such as {@code ports 80, 1000-1009} or {@code answers to orders}. */
    public String text() {
        return answers.isEmpty()
                ? (ports.size() == 1
                                        && ports.getFirst().first()
                                                == ports.getFirst().last()
                                ? "port "
                                : "ports ")
                        + ports.stream().map(PortRange::toString).collect(Collectors.joining(", "))
                : "answers to " + answers;
    }
}
