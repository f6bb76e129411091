package dev.cloister.vmm.process;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.vmm.report.MachineException;
import java.io.InputStream;
import java.io.OutputStream;

/** Streams and images behind descriptors that this process was handed; it opens nothing by itself. */
final class DescriptorStreams {
    private static final long SYS_LSEEK = 8;
    private static final long SYS_PREAD64 = 17;
    private static final int SEEK_END = 2;
    private static final int CHUNK = 1 << 24;

    private DescriptorStreams() {}

    /**
     * A private copy of a file's bytes, so that nobody can change them while they are parsed.
     *
     * @param fd any file that can be read at an offset
     * @param what its name for messages
     * @param limit the most bytes
     * @return the copy, to be closed by the caller
     */
    static Mapping copyOf(Fd fd, String what, long limit) throws ErrnoException, MachineException {
        long length = Linux.check(Linux.syscall(SYS_LSEEK, fd.number(), 0, SEEK_END, 0, 0, 0), "lseek", what);
        if (length < 1 || length > limit) {
            throw MachineException.input(what + " has " + length + " bytes; expected 1 to " + limit);
        }
        Mapping copy = Mapping.anonymous(length);
        long done = 0;
        while (done < length) {
            long count = Linux.syscall(
                    SYS_PREAD64, fd.number(), copy.address() + done, Math.min(CHUNK, length - done), done, 0, 0);
            if (count <= 0) {
                copy.close();
                Linux.check(count, "pread64", what);
                throw MachineException.input(what + " became shorter while it was read");
            }
            done += count;
        }
        return copy;
    }

    /** A stream that writes to a descriptor; a reader that is slow makes the writing thread wait. */
    static OutputStream output(Fd fd) throws ErrnoException {
        fd.setNonBlocking(true);
        return new OutputStream() {
            @Override
            public void write(int b) throws ErrnoException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws ErrnoException {
                int done = 0;
                while (done < length) {
                    int count = Pipe.write(fd, bytes, offset + done, length - done);
                    done += count;
                    if (count == 0) {
                        Poller.await(fd, Poller.OUT, -1);
                    }
                }
            }
        };
    }

    /** A stream that reads from a descriptor. */
    static InputStream input(Fd fd) throws ErrnoException {
        fd.setNonBlocking(true);
        return new InputStream() {
            @Override
            public int read() throws ErrnoException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws ErrnoException {
                int count = Pipe.read(fd, bytes, offset, length);
                while (count == 0 && length > 0) {
                    Poller.await(fd, Poller.IN, -1);
                    count = Pipe.read(fd, bytes, offset, length);
                }
                return count;
            }
        };
    }
}
