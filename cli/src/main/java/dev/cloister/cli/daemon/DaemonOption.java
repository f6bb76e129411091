package dev.cloister.cli.daemon;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.ScheduleView;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Finds the running daemon that a command is for. */
public final class DaemonOption {
    @Mixin
    private StateOption state;

    @Option(
            names = "--policy",
            paramLabel = "NAME",
            description = "the policy's name, where several policies are running")
    private String policy;

    /** Returns the control sockets of all daemons that answer, or of the named policy alone. */
    List<Path> running() throws IOException {
        List<Path> sockets = new ArrayList<>();
        for (Path folder : state.having(StateOption.CONTROL_SOCKET)) {
            Path socket = folder.resolve(StateOption.CONTROL_SOCKET);
            boolean asked = policy == null || policy.equals(folder.getFileName().toString());
            if (asked && answers(socket)) {
                sockets.add(socket);
            }
        }
        return sockets;
    }

    /**
     * Connects to the only running daemon, or to that of the named policy.
     *
     * @return the connection, the caller's to close
     * @throws IOException if it is gone meanwhile
     * @throws CommandFailure if none runs, or several do and none is named
     */
    public PolicyDaemonClient connectToOnly() throws IOException, CommandFailure {
        List<Path> sockets = running();
        if (sockets.size() == 1) {
            return PolicyDaemonClient.connect(sockets.getFirst());
        }
        if (sockets.isEmpty()) {
            String which = policy == null ? "" : " of policy " + policy;
            throw new CommandFailure(
                    ExitCodes.HOST,
                    "no policy daemon" + which + " is running under " + state.root() + "; start one with cloister up");
        }
        throw new CommandFailure(ExitCodes.BAD_INPUT, "several policies are running: name one with --policy");
    }

    /** Connects to the only running daemon that has the domain. */
    PolicyDaemonClient connect(String domain) throws IOException, CommandFailure {
        return connect(
                "domain",
                domain,
                snapshot -> snapshot.domains().stream()
                        .map(Snapshot.DomainView::name)
                        .toList());
    }

    /** Connects to the only running daemon that has the flow. */
    PolicyDaemonClient connectToFlow(String flow) throws IOException, CommandFailure {
        return connect(
                "flow",
                flow,
                snapshot ->
                        snapshot.flows().stream().map(Snapshot.FlowView::name).toList());
    }

    /** Connects to the only running daemon that has the major frame. */
    PolicyDaemonClient connectToMajor(String major) throws IOException, CommandFailure {
        return connect(
                "major frame",
                major,
                snapshot -> snapshot.schedule().stream()
                        .flatMap(schedule -> schedule.frames().stream())
                        .map(ScheduleView.FrameView::major)
                        .distinct()
                        .toList());
    }

    private PolicyDaemonClient connect(String sort, String wanted, Function<Snapshot, List<String>> names)
            throws IOException, CommandFailure {
        List<Path> having = new ArrayList<>();
        List<String> known = new ArrayList<>();
        for (Path socket : running()) {
            try (PolicyDaemonClient client = PolicyDaemonClient.connect(socket)) {
                List<String> there = names.apply(client.ps());
                known.addAll(there);
                if (there.contains(wanted)) {
                    having.add(socket);
                }
            }
        }
        if (having.size() == 1) {
            return PolicyDaemonClient.connect(having.getFirst());
        }
        if (having.size() > 1) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT,
                    "several policies have a " + sort + " '" + wanted + "': name one with --policy");
        }
        throw new CommandFailure(
                known.isEmpty() ? ExitCodes.HOST : ExitCodes.BAD_INPUT,
                known.isEmpty()
                        ? "no policy daemon is running under " + state.root() + "; start one with cloister up"
                        : "no running policy has a " + sort + " '" + wanted + "'; there are "
                                + String.join(", ", known));
    }

    private static boolean answers(Path socket) {
        try (PolicyDaemonClient _ = PolicyDaemonClient.connect(socket)) {
            return true;
        } catch (IOException e) {
            // Left behind by a daemon that was killed; the next one of that policy replaces it.
            return false;
        }
    }
}
