package dev.cloister.vmm.virtio;

import dev.cloister.linux.BlockFile;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import dev.cloister.mmu.TransferView;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.vmm.channel.DeviceEnd;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A range of persistent memory that the daemon hands over and takes away: reading and writing are two flows, each with an opening of the
 * file of its own. The host addresses stay for the machine's life; what is behind them is exchanged at once for the whole guest:
 *
 * <ul>
 *   <li>the file, where both flows are open, or the only one that there is;
 *   <li>a copy of the file that begins with every page's first write and ends in this process, where the flow to the file is closed;
 *   <li>zeros, where the flow from the file is closed: what can't be read can't be written either.
 * </ul>
 *
 * <p>No mapping outlives its flow: the daemon sees that ({@link dev.cloister.linux.OpenFileMark}). Whoever makes one closes it, unless a
 * machine was made with it: that closes it then. Any thread.
 */
public final class GrantedRange implements AutoCloseable {
    private final String name;
    private final boolean writable;
    private final boolean shared;
    private final Mapping place;
    private final Side reading = new Side();
    private final Side writing = new Side();
    private @Nullable GuestMemory memory;
    private long gpa;

    /**
     * A range of zeros.
     *
     * @param range what the daemon said
     * @throws ErrnoException when the host refuses
     */
    public GrantedRange(DomainConfig.PersistentRange range) throws ErrnoException {
        name = range.peer();
        writable = range.writable();
        shared = range.shared();
        place = Mapping.anonymous(range.bytes());
        boolean done = false;
        try {
            place.keptOutOfDumps();
            done = true;
        } finally {
            if (!done) {
                place.close();
            }
        }
    }

    /**
     * What the policy calls it.
     *
     * @return such as {@code @disk:store}
     */
    public String name() {
        return name;
    }

    /**
     * Whether the guest may write it.
     *
     * @return false where the policy has no flow for that
     */
    public boolean isWritable() {
        return writable;
    }

    /**
     * The memory.
     *
     * @return the same whatever is behind it; read-only where the guest may not write
     */
    public MemorySegment segment() {
        return writable ? place.segment() : place.segment().asReadOnly();
    }

    /**
     * The range as the guest finds it.
     *
     * @param called the region's name
     * @param at where it begins
     * @return the region
     */
    public Region region(String called, long at) {
        Region.Kind own = writable ? Region.Kind.RAM : Region.Kind.ROM;
        Region.Kind common = writable ? Region.Kind.SHARED : Region.Kind.READ_ONLY;
        return new Region(called, shared ? common : own, at, segment());
    }

    /**
     * Says where it is, so that instructions are decoded anew when something else is behind it.
     *
     * @param guest the guest's memory, which has the region
     * @param at where it begins
     */
    public synchronized void placed(GuestMemory guest, long at) {
        memory = guest;
        gpa = at;
    }

    /** Where it begins in the guest's memory. */
    synchronized long gpa() {
        return gpa;
    }

    /** The end of the flow to the guest. */
    DeviceEnd reading() {
        return reading;
    }

    /** The end of the flow from the guest; null where there is none. */
    @Nullable
    DeviceEnd writing() {
        return writable ? writing : null;
    }

    /** Makes everything durable that the guest has written. */
    void flush() throws IOException {
        BlockFile file;
        synchronized (this) {
            file = writing.file;
            if (reading.file == null || writable && file == null) {
                throw new IOException(name + " can't be flushed: a flow of it is closed");
            }
        }
        if (isShorter()) {
            throw new IOException(loss());
        }
        if (file != null) {
            file.flush();
        }
    }

    /**
     * Whether somebody has made the file shorter since it was handed over.
     *
     * @return true if some of the range is gone
     */
    synchronized boolean isShorter() {
        BlockFile file = reading.file;
        return file != null && file.bytesNow() < place.size();
    }

    /** Why an access to the range failed, in one sentence. */
    String loss() {
        return isShorter()
                ? "persistent memory " + name + " was made shorter while the guest used it"
                : "persistent memory " + name
                        + " could not be read or written: a full file system, or an error of the medium";
    }

    /** Puts behind the range what the open flows allow. */
    private void exchange() throws ErrnoException {
        BlockFile from = reading.file;
        BlockFile to = writing.file;
        if (from == null) {
            place.replaceByZeros();
        } else if (to == null) {
            from.mapInto(place, false, writable);
        } else {
            to.mapInto(place, true, false);
        }
        GuestMemory guest = memory;
        if (guest != null) {
            TransferView.replaced(guest, gpa, place.size());
        }
    }

    @Override
    public void close() {
        reading.sever();
        writing.sever();
        place.close();
    }

    /** One direction; under the range's monitor. */
    private final class Side implements DeviceEnd {
        private @Nullable BlockFile file;

        /** The policy's reader refuses limits: nobody sees what passes. */
        @Override
        public void configure(ChannelConfig channel) {
            // Nothing to keep.
        }

        @Override
        public void attach(List<Fd> fds) throws ErrnoException {
            BlockFile taken = BlockFile.own(fds.removeFirst(), name);
            synchronized (GrantedRange.this) {
                file = taken;
                exchange();
            }
        }

        @Override
        public void sever() {
            synchronized (GrantedRange.this) {
                BlockFile there = file;
                file = null;
                if (there == null) {
                    return;
                }
                try {
                    exchange();
                } catch (ErrnoException e) {
                    // The mapping would stay: the process has to go with it.
                    throw new IllegalStateException("persistent memory " + name + " can't be taken away", e);
                } finally {
                    there.close();
                }
            }
        }

        @Override
        public long units() {
            return 0;
        }

        @Override
        public long refused() {
            return 0;
        }
    }
}
