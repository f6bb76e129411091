package dev.cloister.vmm.terminal;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** What is typed, without the commands in it once there is an {@link EscapeKey}. One reader; the key may be set by any thread. */
public final class TerminalInput extends InputStream {
    private final InputStream typed;
    private volatile @Nullable EscapeKey key;

    /**
     * Passes everything.
     *
     * @param typed where from; not closed
     */
    public TerminalInput(InputStream typed) {
        this.typed = typed;
    }

    /**
     * Looks for commands from now on.
     *
     * @param escape takes them out
     */
    public void watch(EscapeKey escape) {
        key = escape;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int kept = 0;
        while (kept == 0 && length > 0) {
            int count = typed.read(into, offset, length);
            if (count < 0) {
                return count;
            }
            EscapeKey escape = key;
            kept = escape == null ? count : escape.filter(into, offset, count);
        }
        return kept;
    }
}
