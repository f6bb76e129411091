package dev.cloister.cli;

import dev.cloister.vmm.virtio.SocketConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
        private static final Pattern FORM = Pattern.compile("cid=([0-9]{1,10}),socket=([^,]+)");

        @Override
        public SocketOption convert(String text) {
            Matcher parts = FORM.matcher(text);
            if (!parts.matches()) {
                throw new TypeConversionException(
                        "'" + text + "': expected cid=N,socket=PATH (a path can't hold a comma)");
            }
            long cid = Long.parseLong(parts.group(1));
            if (cid < FIRST_CID || cid > LAST_CID) {
                throw new TypeConversionException("'" + text + "': cid must be " + FIRST_CID + " to " + LAST_CID);
            }
            Path path = Path.of(parts.group(2));
            int bytes = path.toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MAX_PATH) {
                throw new TypeConversionException(
                        "'" + text + "': the absolute path has " + bytes + " bytes; expected at most " + MAX_PATH);
            }
            return new SocketOption(cid, path);
        }
    }
}
