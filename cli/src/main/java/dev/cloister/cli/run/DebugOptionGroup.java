package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.ByteSize;
import dev.cloister.vmm.config.DebugOptions;
import dev.cloister.vmm.config.GdbListener;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** The options of {@code run} for looking at a guest. What they name is opened before the process is confined. */
final class DebugOptionGroup {
    /**
     * What was opened; closed here in case that no machine takes it over.
     *
     * @param options for the machine
     */
    record Opened(DebugOptions options) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            GdbListener listener = options.gdb();
            if (listener != null) {
                listener.close();
            }
            OutputStream out = options.trace();
            if (out != null) {
                out.close();
            }
        }
    }

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            description =
                    "record instructions where Cloister itself executes them, exits, faults and interrupts, as text")
    private Path trace;

    @Option(
            names = "--trace-limit",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description =
                    "the most that --trace writes (default: ${DEFAULT-VALUE}); the last line tells what had no room",
            defaultValue = "64M")
    private long traceLimit;

    @Option(
            names = "--break",
            paramLabel = "gpa:ADDR|gva:ADDR",
            description = "stop where the instruction at this address would be executed: print registers and code, "
                    + "then end with code 133, or wait for gdb where --gdb is given; may be repeated")
    private List<String> breakpoints = List.of();

    @Option(
            names = "--gdb",
            paramLabel = "PORT|SOCKET",
            description = "let gdb look at the guest and control it: over TCP on 127.0.0.1, or a Unix socket of "
                    + "this path. Without --break the guest waits before its first instruction")
    private String gdb;

    /** Opens what the options name; {@code say} takes what a person is told while the guest runs. */
    Opened open(Consumer<String> say) throws CommandFailure, IOException {
        OutputStream out = trace == null ? null : HostFile.create("trace", trace);
        GdbListener listener = null;
        boolean done = false;
        try {
            listener = gdb == null ? null : listen(gdb);
            Opened opened = new Opened(new DebugOptions(breakpoints, listener, out, traceLimit, say));
            done = true;
            return opened;
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCodes.USAGE, e.getMessage(), e);
        } finally {
            if (!done) {
                if (listener != null) {
                    listener.close();
                }
                if (out != null) {
                    out.close();
                }
            }
        }
    }

    private static GdbListener listen(String where) throws CommandFailure {
        try {
            return GdbListener.open(where);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.HOST, "can't listen for gdb: " + e.getMessage() + "; choose another port or path", e);
        }
    }
}
