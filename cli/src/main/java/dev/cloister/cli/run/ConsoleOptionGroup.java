package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.terminal.TerminalConsole;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.console.ConsoleConfig;
import dev.cloister.vmm.console.HostEnd;
import dev.cloister.vmm.console.SocketEnd;
import dev.cloister.vmm.console.StreamEnd;
import dev.cloister.vmm.terminal.EscapeKey;
import dev.cloister.vmm.terminal.RawTerminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The options that say where a guest's serial line, console and ports go. */
final class ConsoleOptionGroup {
    private static final String LEAVING = "ends the guest";

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--serial",
            paramLabel = "tty|off|file=PATH|socket=PATH",
            converter = End.Converter.class,
            description = "where the serial line goes: stdin and stdout (the default), nowhere, into a file, or to who "
                    + "connects at a Unix socket")
    private End serial;

    @Option(
            names = "--console",
            paramLabel = "serial|virtio|off|file=PATH|socket=PATH",
            converter = ConsoleEnd.class,
            description = "the guest's console on stdin and stdout: its serial line (the default), or a virtio console "
                    + "(hvc0 in Linux), and then --serial is off if nothing is said; or where the virtio console goes")
    private End console = new End.Off();

    @Option(
            names = "--port",
            paramLabel = "name=NAME,file=PATH|socket=PATH",
            converter = PortOption.Converter.class,
            description =
                    "a port of the virtio console device, /dev/virtio-ports/NAME in Linux: into a file, or to who "
                            + "connects at a Unix socket; may be given several times")
    private List<PortOption> ports = List.of();

    private TerminalConsole terminal;
    private final List<HostEnd> opened = new ArrayList<>();

    /** Where something goes, as it was given. */
    sealed interface End {
        /** To stdin and stdout. */
        record Tty() implements End {}

        /** Nowhere. */
        record Off() implements End {}

        /** Into a file. */
        record InFile(Path path) implements End {}

        /** To who connects. */
        record AtSocket(Path path) implements End {}

        /** Reads the option's text. */
        final class Converter implements ITypeConverter<End> {
            @Override
            public End convert(String text) {
                int equals = text.indexOf('=');
                String path = text.substring(equals + 1);
                String kind = text.substring(0, equals + 1);
                if (kind.isEmpty()) {
                    return withoutPath(text);
                }
                return switch (path.isEmpty() ? "" : kind) {
                    case "file=" -> new InFile(Path.of(path));
                    case "socket=" -> new AtSocket(Path.of(path));
                    default -> throw unexpected(text);
                };
            }

            private static End withoutPath(String text) {
                return switch (text) {
                    case "tty" -> new Tty();
                    case "off" -> new Off();
                    default -> throw unexpected(text);
                };
            }

            private static TypeConversionException unexpected(String text) {
                return new TypeConversionException("'" + text + "': expected tty, off, file=PATH or socket=PATH");
            }
        }
    }

    /** Reads the text of {@code --console}, which has names for two ways to say who is on the terminal. */
    static final class ConsoleEnd implements ITypeConverter<End> {
        @Override
        public End convert(String text) {
            return switch (text) {
                case "serial" -> new End.Off();
                case "virtio" -> new End.Tty();
                default -> new End.Converter().convert(text);
            };
        }
    }

    /**
     * A port as it was given.
     *
     * @param name what the guest finds it by
     * @param end where it goes
     */
    record PortOption(String name, End end) {
        /** Reads the option's text. */
        static final class Converter implements ITypeConverter<PortOption> {
            private static final Pattern FORM = Pattern.compile("name=([^,]+),((?:file|socket)=.+)");

            @Override
            public PortOption convert(String text) {
                Matcher parts = FORM.matcher(text);
                if (!parts.matches()) {
                    throw new TypeConversionException(
                            "'" + text + "': expected name=NAME,file=PATH or name=NAME,socket=PATH");
                }
                return new PortOption(parts.group(1), new End.Converter().convert(parts.group(2)));
            }
        }
    }

    /**
     * A terminal that is the guest's, until it is closed.
     *
     * @param terminal the terminal, if there is one
     */
    record Attended(Optional<RawTerminal> terminal) implements AutoCloseable {
        @Override
        public void close() {
            terminal.ifPresent(RawTerminal::close);
        }
    }

    /** Opens what the serial line needs. */
    HostEnd openSerial() throws CommandFailure {
        boolean taken = console instanceof End.Tty;
        if (taken && serial instanceof End.Tty) {
            throw new CommandFailure(
                    ExitCodes.USAGE, "--serial tty and --console virtio: only one of them can have the terminal");
        }
        End silent = taken ? new End.Off() : new End.Tty();
        return open(serial == null ? silent : serial, "--serial");
    }

    /** Opens what the console device needs, if there is to be one. */
    Optional<ConsoleConfig> openDevice() throws CommandFailure {
        if (console instanceof End.Off && ports.isEmpty()) {
            return Optional.empty();
        }
        Optional<HostEnd> main =
                console instanceof End.Off ? Optional.empty() : Optional.of(open(console, "--console"));
        List<ConsoleConfig.Port> named = new ArrayList<>();
        for (PortOption port : ports) {
            named.add(new ConsoleConfig.Port(port.name(), open(port.end(), "--port " + port.name())));
        }
        return Optional.of(new ConsoleConfig(main, named));
    }

    /** What a kernel's command line needs besides, so that its console is on the terminal. */
    String commandLine() {
        return console instanceof End.Tty ? "console=hvc0" : "";
    }

    private HostEnd open(End end, String option) throws CommandFailure {
        try {
            HostEnd made = switch (end) {
                case End.Tty _ -> StreamEnd.standard(console().input());
                case End.Off _ -> StreamEnd.nowhere();
                case End.InFile file -> StreamEnd.file(file.path());
                case End.AtSocket socket -> SocketEnd.listen(socket.path().toAbsolutePath());
            };
            opened.add(made);
            return made;
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, option + ": " + e.getMessage(), e);
        }
    }

    private TerminalConsole console() {
        if (terminal == null) {
            terminal = new TerminalConsole(err());
        }
        return terminal;
    }

    private PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** The descriptors on which connections may be accepted. */
    List<Integer> listeners() {
        List<Integer> listeners = new ArrayList<>();
        opened.forEach(end -> end.listener().ifPresent(listeners::add));
        return listeners;
    }

    /** Makes the terminal the guest's, where it is a console's end. */
    Attended attend(Machine machine) throws CommandFailure {
        if (terminal == null) {
            return new Attended(Optional.empty());
        }
        return new Attended(terminal.begin(
                LEAVING, List.of(EscapeKey.Command.LEAVE, EscapeKey.Command.BREAK), new TerminalConsole.Actions() {
                    @Override
                    public void leave() {
                        machine.stop();
                    }

                    @Override
                    public void sendBreak() {
                        machine.sendBreak();
                    }
                }));
    }

    /** Ends what was opened; the machine has ended. */
    void close() {
        opened.forEach(HostEnd::close);
    }
}
