package dev.cloister.vmm.channel;

import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ViolationKind;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what the guest tries against its policy and reports some of it: a guest that tries a million times costs a million counts. */
public final class Violations {
    /** Who hears of some violations. */
    @FunctionalInterface
    public interface Listener {
        /**
         * One violation.
         *
         * @param kind what the guest tried
         * @param detail one line with the values
         * @param suppressed how many earlier ones were counted but not told one by one
         */
        void violated(ViolationKind kind, String detail, long suppressed);
    }

    private static final int PER_SECOND = 4;
    private static final int BURST = 8;

    private final Listener listener;
    private final RateLimit rate = new RateLimit(PER_SECOND, BURST, System.nanoTime());
    private final AtomicLong count = new AtomicLong();

    /**
     * None so far.
     *
     * @param listener told of some of them
     */
    public Violations(Listener listener) {
        this.listener = listener;
    }

    /**
     * How many there were, reported or not.
     *
     * @return a count
     */
    public long count() {
        return count.get();
    }

    /**
     * A write to a window, the directory or another page that the guest has read-only.
     *
     * @param memory the guest's memory
     * @param gpa where
     * @param size bytes
     * @param value what it wrote
     */
    public void readOnlyWrite(GuestMemory memory, long gpa, int size, long value) {
        if (take()) {
            String region = memory.regions().stream()
                    .filter(r -> gpa >= r.gpa() && gpa < r.end())
                    .map(Region::name)
                    .findFirst()
                    .orElse("memory");
            report(
                    ViolationKind.READ_ONLY_WRITE,
                    "write of " + size + " bytes, value 0x" + Long.toHexString(value) + ", to read-only " + region
                            + " at gpa 0x" + Long.toHexString(gpa));
        }
    }

    /**
     * An access to the channel area where there is nothing.
     *
     * @param write whether it was a write
     * @param gpa where
     * @param size bytes
     */
    public void outOfWindow(boolean write, long gpa, int size) {
        if (take()) {
            report(
                    ViolationKind.OUT_OF_WINDOW,
                    (write ? "write" : "read") + " of " + size + " bytes at gpa 0x" + Long.toHexString(gpa)
                            + " in the channel area, where this domain has nothing");
        }
    }

    /** A request page that makes no sense. */
    void badRequest(int operation, int kind, int direction) {
        if (take()) {
            report(
                    ViolationKind.BAD_REQUEST,
                    "request page with op " + operation + ", kind " + kind + ", direction " + direction);
        }
    }

    /** A doorbell that this domain never had. */
    void badDoorbell(int port) {
        if (take()) {
            report(ViolationKind.BAD_DOORBELL, "doorbell port 0x" + Integer.toHexString(port) + " has no channel");
        }
    }

    /** More signals than the flow allows. */
    void rateExceeded(String flow) {
        if (take()) {
            report(ViolationKind.RATE_EXCEEDED, "flow " + flow + ": signal beyond the flow's rate was dropped");
        }
    }

    /** More signals than the flow's quota leaves in this period. */
    void quotaExceeded(String flow) {
        if (take()) {
            report(ViolationKind.QUOTA_EXCEEDED, "flow " + flow + ": signal beyond the flow's quota was dropped");
        }
    }

    /** Ring indices that no honest guest writes. */
    void ringCorrupt(FlowKind kind, String flow) {
        if (take()) {
            report(
                    ViolationKind.RING_CORRUPT,
                    kind.jsonName() + " " + flow + ": impossible indices or lengths; it is closed");
        }
    }

    /**
     * A connection of AF_VSOCK that no flow of the domain allows.
     *
     * @param cid context id that the guest asked for
     * @param port the port there, 0 to 4294967295
     */
    public void refused(long cid, long port) {
        if (take()) {
            report(
                    ViolationKind.CONNECTION_REFUSED,
                    "connection to port " + port + " of context id " + cid + ": no flow of this domain allows it");
        }
    }

    /**
     * Frames of another VMM that break the contract of a stream's connections.
     *
     * @param how the flow and what was sent
     */
    public void broken(String how) {
        if (take()) {
            report(ViolationKind.RING_CORRUPT, "stream " + how + "; its connections are ended");
        }
    }

    /** Memory that another process took away while the channel was live. */
    void memoryVanished(String flow) {
        if (take()) {
            report(ViolationKind.OTHER, "flow " + flow + ": its memory was taken away; the channel is severed");
        }
    }

    private boolean take() {
        count.incrementAndGet();
        return rate.tryTake(System.nanoTime());
    }

    private void report(ViolationKind kind, String detail) {
        listener.violated(kind, detail, rate.takeHeld());
    }
}
