package dev.cloister.vmm.channel;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Memfd;
import java.lang.foreign.MemorySegment;

/**
 * Host memory behind one channel window. The host addresses, and with them KVM's memory slot, stay for the machine's life; what is
 * behind them changes: private zeros, then the channel's memory, then private zeros again once it is severed. So a guest that runs
 * meanwhile never meets a hole, and no thread of this process a missing page.
 */
public final class ChannelWindow implements AutoCloseable {
    private static final long SYS_LSEEK = 8;
    private static final long SYS_MADVISE = 28;
    /** Faults pages in (Linux 5.14): EFAULT where that would raise SIGBUS. */
    private static final int MADV_POPULATE_READ = 22;

    private static final int SEEK_END = 2;

    private final Mapping reservation;
    private final boolean writable;

    /**
     * Zeros.
     *
     * @param bytes size, a multiple of the page size
     * @param writable whether this domain may write the channel's memory
     * @throws ErrnoException where the host refuses
     */
    public ChannelWindow(long bytes, boolean writable) throws ErrnoException {
        this.reservation = made(bytes);
        this.writable = writable;
    }

    private static Mapping made(long bytes) throws ErrnoException {
        Mapping mapping = Mapping.anonymous(bytes);
        try {
            return mapping.keptOutOfDumps();
        } catch (ErrnoException e) {
            mapping.close();
            throw e;
        }
    }

    /**
     * The memory.
     *
     * @return the same segment whatever is behind it; read-only unless this domain writes
     */
    public MemorySegment segment() {
        return writable ? reservation.segment() : reservation.segment().asReadOnly();
    }

    /** Host address of the first byte. */
    long address() {
        return reservation.address();
    }

    /** Size in bytes. */
    long size() {
        return reservation.size();
    }

    /**
     * Puts a memory file behind the window. It must not be able to grow: what the daemon takes away can't come back then.
     *
     * @throws ChannelException if the file is too small or can grow
     * @throws ErrnoException {@code EACCES} for a writer that was handed a read-only descriptor
     */
    void attach(Fd memory) throws ChannelException, ErrnoException {
        long length = Linux.check(
                Linux.syscall(SYS_LSEEK, memory.number(), 0, SEEK_END, 0, 0, 0), "lseek", "channel memory " + memory);
        if (length < size()) {
            throw new ChannelException("channel memory has " + length + " bytes; expected at least " + size());
        }
        if ((Memfd.seals(memory) & Memfd.SEAL_GROW) == 0) {
            throw new ChannelException("channel memory can grow; expected F_SEAL_GROW on it");
        }
        reservation.replaceByFile(memory, writable);
    }

    /** Whether every page can be reached; a file that was truncated has none left. */
    boolean whole() {
        return Linux.syscall(SYS_MADVISE, address(), size(), MADV_POPULATE_READ, 0, 0, 0) != -Errno.EFAULT;
    }

    /** Puts private zeros behind the window; the channel's memory is no longer reachable from this process through it. */
    void sever() throws ErrnoException {
        reservation.replaceByZeros();
    }

    @Override
    public void close() {
        reservation.close();
    }
}
