package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** The policy that a command was given. */
final class PolicyFile {
    private static final int SHOWN = 40;

    private PolicyFile() {}

    /** Loads a policy for inspection; its problems become the command's failure, with {@link ExitCodes#BAD_INPUT}. */
    static Policy load(Path file) throws CommandFailure {
        try {
            return PolicyLoader.parse(file);
        } catch (PolicyException e) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT,
                    "the policy can't be loaded\n"
                            + e.problems().stream().map(Problem::toString).collect(Collectors.joining("\n")),
                    e);
        }
    }

    /** Finds an endpoint by name; a wrong name becomes the command's failure, with {@link ExitCodes#BAD_INPUT}. */
    static Endpoint endpoint(Policy policy, String name) throws CommandFailure {
        return policy.endpoint(name).orElseThrow(() -> new CommandFailure(ExitCodes.BAD_INPUT, unknown(policy, name)));
    }

    private static String unknown(Policy policy, String name) {
        String some =
                policy.endpoints().stream().limit(SHOWN).map(Endpoint::name).collect(Collectors.joining(", "));
        return "the policy has no endpoint '" + name + "'; it has " + some
                + (policy.endpoints().size() > SHOWN
                        ? " and " + (policy.endpoints().size() - SHOWN) + " more"
                        : "");
    }
}
