package dev.cloister.cli.audit;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.daemon.StateOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Which log: a file, a folder with one, a policy's name, or the only one in the state folder. */
final class AuditLogChoice {
    @Mixin
    private StateOption state;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "LOG",
            description = "an audit log, its folder, one of its rotated segments, or the name of a policy that ran "
                    + "(default: the only log there is)")
    private String log;

    /** Returns the current file of the log, or the segment that was named. */
    Path path() throws CommandFailure, IOException {
        if (log != null) {
            return named(Path.of(log));
        }
        List<Path> all = state.having(StateOption.AUDIT_LOG);
        if (all.size() == 1) {
            return all.getFirst().resolve(StateOption.AUDIT_LOG);
        }
        String which = all.isEmpty()
                ? "there is no audit log under " + state.root() + "; name a file"
                : "several policies have logs: name one of "
                        + String.join(
                                ", ",
                                all.stream()
                                        .map(p -> p.getFileName().toString())
                                        .toList());
        throw new CommandFailure(ExitCodes.BAD_INPUT, which);
    }

    private Path named(Path file) throws CommandFailure {
        for (Path candidate :
                List.of(file, file.resolve(StateOption.AUDIT_LOG), state.of(log).resolve(StateOption.AUDIT_LOG))) {
            if (Files.isRegularFile(candidate)) {
                return candidate;
            }
        }
        throw new CommandFailure(ExitCodes.BAD_INPUT, "no audit log at " + file);
    }
}
