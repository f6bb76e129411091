package dev.cloister.cli;

import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.OnReboot;
import picocli.CommandLine.Option;

/** How the machine behaves around what the guest does: reboots, and firmware that talks. */
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

    /** Whether the images may be loaded again. */
    boolean restarts() {
        return wanted == OnReboot.RESTART;
    }

    MachineConfig.Builder apply(MachineConfig.Builder machine) {
        return machine.onReboot(wanted).firmwareLog(firmwareLog);
    }
}
