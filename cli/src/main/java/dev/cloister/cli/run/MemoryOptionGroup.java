package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.ByteSize;
import dev.cloister.vmm.virtio.Balloon;
import dev.cloister.vmm.virtio.BalloonConfig;
import dev.cloister.vmm.virtio.MemoryConfig;
import dev.cloister.vmm.virtio.PmemConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options that say which devices about memory a guest has. */
final class MemoryOptionGroup {
    @Option(
            names = "--balloon",
            paramLabel = "SIZE[,control=FIFO]",
            converter = BalloonOption.Converter.class,
            description =
                    "a memory balloon: the guest is asked to give SIZE of its memory back, 0 for free pages only; "
                            + "lines 'size SIZE' and 'stats' written to FIFO (made by mkfifo) change and show that")
    private BalloonOption balloon;

    @Option(
            names = "--pmem",
            paramLabel = "FILE[,ro]",
            converter = PmemOption.Converter.class,
            description =
                    "persistent memory: a file in the guest's memory; read-only with ro; may be given several times")
    private List<PmemOption> persistent = List.of();

    private Optional<BalloonPipe> pipe = Optional.empty();

    /** Opens what the options name. */
    MemoryConfig open() throws CommandFailure {
        List<PmemConfig> ranges = new ArrayList<>();
        for (PmemOption range : persistent) {
            ranges.add(range.open());
        }
        if (balloon == null) {
            return new MemoryConfig(Optional.empty(), ranges, List.of());
        }
        if (balloon.control().isPresent()) {
            pipe = Optional.of(BalloonPipe.open(balloon.control().get()));
        }
        return new MemoryConfig(Optional.of(new BalloonConfig(balloon.bytes())), ranges, List.of());
    }

    /** Begins to follow what is written to the balloon's pipe. */
    void attend(Optional<Balloon> inflated, Consumer<String> tell) {
        if (pipe.isPresent() && inflated.isPresent()) {
            pipe.get().attend(inflated.get(), tell);
        }
    }

    /**
     * The balloon as it was given.
     *
     * @param bytes what the guest is asked for at first
     * @param control the pipe that says more later
     */
    record BalloonOption(long bytes, Optional<Path> control) {
        /** Reads the option's text. */
        static final class Converter implements ITypeConverter<BalloonOption> {
            private static final String CONTROL = "control=";

            @Override
            public BalloonOption convert(String text) {
                int comma = text.indexOf(',');
                long bytes = new ByteSize().convert(comma < 0 ? text : text.substring(0, comma));
                if (comma < 0) {
                    return new BalloonOption(bytes, Optional.empty());
                }
                String rest = text.substring(comma + 1);
                if (!rest.startsWith(CONTROL) || rest.length() == CONTROL.length()) {
                    throw new TypeConversionException("'" + text + "': expected SIZE or SIZE,control=FIFO");
                }
                return new BalloonOption(bytes, Optional.of(Path.of(rest.substring(CONTROL.length()))));
            }
        }
    }

    /**
     * A range of persistent memory as it was given.
     *
     * @param path its file
     * @param readOnly whether the guest may not write
     */
    record PmemOption(Path path, boolean readOnly) {
        private PmemConfig open() throws CommandFailure {
            try {
                return PmemConfig.open(path, readOnly);
            } catch (IOException | IllegalArgumentException e) {
                throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
            }
        }

        /** Reads the option's text. */
        static final class Converter implements ITypeConverter<PmemOption> {
            @Override
            public PmemOption convert(String text) {
                OptionParts parts = OptionParts.behind(text, "FILE or FILE,ro (a path can't hold a comma)");
                return parts.end(() -> new PmemOption(Path.of(parts.head()), parts.flag("ro")));
            }
        }
    }
}
