package dev.cloister.vmm.console;

import java.util.List;
import java.util.Optional;

/**
 * A machine's console device. The machine reads and writes the ends and closes none of them.
 *
 * @param terminal the end of the terminal, {@code /dev/hvc0}, if there is one
 * @param ports named ports, at most 30
 */
public record ConsoleConfig(Optional<HostEnd> terminal, List<Port> ports) {
    /**
     * A named port.
     *
     * @param name what the guest finds it by
     * @param end its other end
     */
    public record Port(String name, HostEnd end) {}

    /** Copies the list. */
    public ConsoleConfig {
        ports = List.copyOf(ports);
    }
}
