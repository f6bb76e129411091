package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.vmm.virtio.NetConfig;
import java.io.IOException;
import picocli.CommandLine.ITypeConverter;

/**
 * One network device as it was given.
 *
 * @param tap the interface's name
 * @param offloads whether guest and host may leave work on frames to each other
 * @param look the rest
 */
record NetOption(String tap, boolean offloads, NetConfig.Look look) {
    /** Opens the tap. */
    NetConfig open() throws CommandFailure {
        try {
            return NetConfig.openTap(tap, offloads, look);
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.HOST, "--net: " + e.getMessage(), e);
        }
    }

    /** Reads the option's text. */
    static final class Converter implements ITypeConverter<NetOption> {
        private static final String FORM = "tap=NAME, then mac=A, limit=SIZE, offload=on, offload=off or mtu=N";
        private static final long MOST = 99_999;

        @Override
        public NetOption convert(String text) {
            OptionParts parts = OptionParts.named(text, FORM);
            return parts.end(() -> {
                String tap = parts.required("tap");
                return new NetOption(
                        tap,
                        offloads(parts),
                        NetConfig.Look.of(
                                tap,
                                parts.text("mac").orElse(""),
                                (int) parts.number("mtu", MOST, 0),
                                parts.size("limit")));
            });
        }

        private static boolean offloads(OptionParts parts) {
            return switch (parts.text("offload").orElse("on")) {
                case "on" -> true;
                case "off" -> false;
                case String other -> throw parts.wrong("offload=" + other);
            };
        }
    }
}
