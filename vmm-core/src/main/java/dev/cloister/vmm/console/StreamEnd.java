package dev.cloister.vmm.console;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** Two streams that are there from the beginning. */
public final class StreamEnd implements HostEnd {
    private final InputStream input;
    private final OutputStream output;
    private final boolean owned;

    private StreamEnd(InputStream input, OutputStream output, boolean owned) {
        this.input = input;
        this.output = output;
        this.owned = owned;
    }

    /**
     * This process's standard output, with what comes for the guest from elsewhere.
     *
     * @param input what comes for the guest; not closed
     * @return the end
     */
    public static StreamEnd standard(InputStream input) {
        return new StreamEnd(input, new FileOutputStream(FileDescriptor.out), false);
    }

    /**
     * Two streams.
     *
     * @param input what comes for the guest; not closed
     * @param output where what it says goes; not closed
     * @return the end
     */
    public static StreamEnd of(InputStream input, OutputStream output) {
        return new StreamEnd(input, output, false);
    }

    /**
     * A file that takes what the guest says, from its beginning; nothing comes.
     *
     * @param path the file, made where it is missing
     * @return the end
     * @throws IOException if it can't be written
     */
    public static StreamEnd file(Path path) throws IOException {
        return new StreamEnd(InputStream.nullInputStream(), new FileOutputStream(path.toFile()), true);
    }

    /**
     * What the guest says is dropped, and nothing comes.
     *
     * @return the end
     */
    public static StreamEnd nowhere() {
        return new StreamEnd(InputStream.nullInputStream(), OutputStream.nullOutputStream(), true);
    }

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    @Override
    public void onConnection(Consumer<Boolean> listener) {
        listener.accept(true);
    }

    @Override
    public OptionalInt listener() {
        return OptionalInt.empty();
    }

    @Override
    public void close() {
        if (owned) {
            try {
                output.close();
            } catch (IOException e) {
                // What was written before is there; a writer has heard of what was not.
                return;
            }
        }
    }
}
