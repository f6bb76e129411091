package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.block.BlockStore;
import dev.cloister.linux.BlockFile;
import dev.cloister.linux.ErrnoException;
import java.lang.foreign.MemorySegment;

/** A disk's bytes in a file of the host. */
final class DiskFile implements BlockStore {
    private final BlockFile file;
    private final boolean readOnly;

    DiskFile(BlockFile file, boolean readOnly) {
        this.file = file;
        this.readOnly = readOnly;
    }

    @Override
    public long bytes() {
        return file.bytes();
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, MemorySegment[] into, int count) throws ErrnoException {
        file.read(offset, into, count);
    }

    @Override
    public void write(long offset, MemorySegment[] from, int count) throws ErrnoException {
        file.write(offset, from, count);
    }

    @Override
    public void flush() throws ErrnoException {
        file.flush();
    }

    @Override
    public void discard(long offset, long length) throws ErrnoException {
        file.discard(offset, length);
    }

    @Override
    public void zero(long offset, long length, boolean unmap) throws ErrnoException {
        file.zero(offset, length, unmap);
    }
}
