package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.process.ChildJvm;
import dev.cloister.vmm.virtio.SocketConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The socket device as it was given.
 *
 * @param guestCid the guest's context id
 * @param path where programs of the host connect
 */
record SocketOption(long guestCid, Path path) {
    private static final long FIRST_CID = 3;
    private static final long LAST_CID = 0xffff_fffeL;
    /** A socket's path has 107 bytes; the guest's ports go behind it. */
    private static final int MAX_PATH = 96;

    /** Starts the broker, and waits until it listens. */
    SocketConfig open() throws CommandFailure {
        try {
            return SocketConfig.open(guestCid, path.toAbsolutePath(), ChildJvm.broker());
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.HOST, "--vsock: " + e.getMessage(), e);
        }
    }

    /** Reads the option's text. */
    static final class Converter implements ITypeConverter<SocketOption> {
        @Override
        public SocketOption convert(String text) {
            OptionParts parts = OptionParts.named(text, "cid=N,socket=PATH (a path can't hold a comma)");
            return parts.end(() -> new SocketOption(cid(parts, text), path(parts, text)));
        }

        private static long cid(OptionParts parts, String text) {
            long cid = parts.number("cid", Long.MAX_VALUE, -1);
            if (cid < 0) {
                throw parts.wrong(text);
            }
            if (cid < FIRST_CID || cid > LAST_CID) {
                throw new TypeConversionException("'" + text + "': cid must be " + FIRST_CID + " to " + LAST_CID);
            }
            return cid;
        }

        private static Path path(OptionParts parts, String text) {
            Path path = Path.of(parts.required("socket"));
            int bytes = path.toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MAX_PATH) {
                throw new TypeConversionException(
                        "'" + text + "': the absolute path has " + bytes + " bytes; expected at most " + MAX_PATH);
            }
            return path;
        }
    }
}
