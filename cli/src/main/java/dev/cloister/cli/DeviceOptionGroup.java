package dev.cloister.cli;

import dev.cloister.vmm.virtio.DiskConfig;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say which virtio devices a guest has. */
final class DeviceOptionGroup {
    @Option(
            names = "--disk",
            paramLabel = "FILE[,ro][,serial=S][,queues=N][,limit=SIZE][,iops=N]",
            converter = DiskOption.Converter.class,
            description = "a disk on a raw image: read-only with ro; limit is bytes a second, iops requests a second; "
                    + "may be given several times")
    private List<DiskOption> disks = List.of();

    @Option(names = "--no-rng", description = "leave out the device that gives the guest random bytes")
    private boolean noEntropy;

    @Option(
            names = "--vsock",
            paramLabel = "cid=N,socket=PATH",
            converter = SocketOption.Converter.class,
            description =
                    "a socket device: programs connect at PATH with the line CONNECT port; the guest's connections to "
                            + "port P of the host reach who listens at PATH_P")
    private SocketOption sockets;

    private VirtioConfig virtio = VirtioConfig.DEFAULT;

    /** What {@link #open} opened. */
    VirtioConfig opened() {
        return virtio;
    }

    /** Opens what the options name. */
    VirtioConfig open() throws CommandFailure {
        List<DiskConfig> images = new ArrayList<>();
        for (DiskOption disk : disks) {
            images.add(disk.open());
        }
        virtio = new VirtioConfig(!noEntropy, images, sockets == null ? Optional.empty() : Optional.of(sockets.open()));
        return virtio;
    }

    /**
     * One disk as it was given.
     *
     * @param path its image
     * @param readOnly whether the guest may not write
     * @param settings the rest
     */
    record DiskOption(Path path, boolean readOnly, DiskConfig.Look settings) {
        private DiskConfig open() throws CommandFailure {
            try {
                return DiskConfig.open(path, readOnly, settings);
            } catch (IOException | IllegalArgumentException e) {
                throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
            }
        }

        /** Reads the option's text. */
        static final class Converter implements ITypeConverter<DiskOption> {
            private boolean readOnly;
            private String serial = "";
            private int queues = 1;
            private long bytes;
            private long requests;

            @Override
            public DiskOption convert(String text) {
                Converter fresh = new Converter();
                String[] parts = text.split(",");
                for (int i = 1; i < parts.length; i++) {
                    fresh.set(parts[i], text);
                }
                if (parts.length == 0 || parts[0].isEmpty()) {
                    throw new TypeConversionException("'" + text + "' names no image");
                }
                return fresh.make(Path.of(parts[0]));
            }

            private DiskOption make(Path path) {
                try {
                    return new DiskOption(path, readOnly, new DiskConfig.Look(serial, queues, bytes, requests));
                } catch (IllegalArgumentException e) {
                    throw new TypeConversionException(e.getMessage());
                }
            }

            private void set(String part, String text) {
                int equals = part.indexOf('=');
                String value = part.substring(equals + 1);
                switch (equals < 0 ? part : part.substring(0, equals)) {
                    case "ro" -> readOnly = true;
                    case "serial" -> serial = value;
                    case "queues" -> queues = Math.toIntExact(number(value));
                    case "limit" -> bytes = new ByteSize().convert(value.replaceFirst("/s$", ""));
                    case "iops" -> requests = number(value);
                    default ->
                        throw new TypeConversionException("'" + part + "' in '" + text
                                + "': expected ro, serial=S, queues=N, limit=SIZE or iops=N (a path can't hold"
                                + " a comma)");
                }
            }

            private static long number(String value) {
                if (!value.matches("[0-9]{1,9}")) {
                    throw new TypeConversionException("'" + value + "' is not a number from 0 to 999999999");
                }
                return Long.parseLong(value);
            }
        }
    }
}
