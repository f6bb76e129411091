package dev.cloister.devices.virtio.balloon;

/** What the guest's RAM is made of, as far as it can be given back. Any thread. */
public interface BalloonMemory {
    /**
     * Gives whole pages back to the host. From then on they read as zeros, or as before where the host can't; the guest may write them again
     * at any time.
     *
     * @param gpa guest-physical address of the first page, a multiple of 4096
     * @param bytes how much, a multiple of 4096
     * @return false if not all of it is the guest's own RAM: then nothing was done
     */
    boolean release(long gpa, long bytes);
}
