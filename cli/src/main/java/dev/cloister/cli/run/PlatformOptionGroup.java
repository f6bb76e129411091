package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.vmm.config.FirmwareVariables;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.OnReboot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** How the machine behaves around what the guest does: reboots, and firmware that talks and remembers. */
final class PlatformOptionGroup {
    @Option(
            names = "--on-reboot",
            paramLabel = "WHAT",
            description =
                    "when the guest reboots: exit, or restart in place with empty memory and the images loaded again;"
                            + " a guest that only reboots, and one that panics, fail with code 70 (default: exit)")
    private OnReboot wanted = OnReboot.EXIT;

    @Option(
            names = "--firmware-log",
            description = "print what SeaBIOS writes to its debug port (0x402) between what the guest prints")
    private boolean firmwareLog;

    @Option(
            names = "--firmware-vars",
            paramLabel = "FILE",
            description = "flash memory for the firmware's variables, right below it, which the guest writes: for"
                    + " --firmware OVMF_CODE.fd a copy of OVMF_VARS.fd")
    private Path variablesFile;

    private Optional<FirmwareVariables> variables = Optional.empty();

    /** Whether the images may be loaded again. */
    boolean restarts() {
        return wanted == OnReboot.RESTART;
    }

    /** The variables that {@link #apply} opened. */
    Optional<FirmwareVariables> variables() {
        return variables;
    }

    MachineConfig.Builder apply(MachineConfig.Builder machine) throws CommandFailure {
        try {
            variables = variablesFile == null ? Optional.empty() : Optional.of(FirmwareVariables.open(variablesFile));
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
        }
        return machine.onReboot(wanted).firmwareLog(firmwareLog).firmwareVariables(variables.orElse(null));
    }
}
