package dev.cloister.vmm.channel;

import dev.cloister.devices.PortDevice;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.AnswerStatus;
import dev.cloister.policy.protocol.Direction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The port and page by which a guest asks for a channel. The page is the guest's to scribble on: it is copied once when the port is
 * written, judged by the copy, and answered with the status last.
 */
public final class RequestPage implements PortDevice {
    /** Who passes requests on. */
    @FunctionalInterface
    public interface Asker {
        /**
         * A request, copied once out of its page and checked for form.
         *
         * @param id this page's number for it; the answer carries the same
         * @param kind what it asks for
         * @param direction as the asking domain sees it
         * @param peer the other endpoint's name, printable ASCII, 1..31 characters
         * @return whether an answer will follow
         */
        boolean asks(long id, FlowKind kind, Direction direction, String peer);
    }

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle STATUS = INT.varHandle();

    /** A guest may ask this often per second; more is answered with "busy" without the daemon hearing of it. */
    private static final int PER_SECOND = 4;

    private static final int BURST = 8;
    private static final int COPIED = DirectoryLayout.REQUEST_INDEX;
    private static final int PEER_BYTES = 32;

    private final MemorySegment page;
    private final Asker asker;
    private final Violations violations;
    private final RateLimit rate = new RateLimit(PER_SECOND, BURST, System.nanoTime());
    private final byte[] copy = new byte[COPIED];
    private long lastId;
    private long pendingId;

    /**
     * A page that nobody has written to yet.
     *
     * @param page the page, writable
     * @param asker told of what is asked
     * @param violations told of what makes no sense
     */
    public RequestPage(MemorySegment page, Asker asker, Violations violations) {
        this.page = page;
        this.asker = asker;
        this.violations = violations;
    }

    @Override
    public long read(int offset, int size) {
        // Nothing to read here; the status is on the page.
        return -1;
    }

    @Override
    public synchronized void write(int offset, int size, long value) {
        if (pendingId != 0) {
            // One at a time: the answer to the first is still to come, and its status must not be overwritten.
            return;
        }
        if (!rate.tryTake(System.nanoTime())) {
            reply(AnswerStatus.BUSY, 0, "asked too often; ask again in a second");
            return;
        }
        MemorySegment.copy(page, ValueLayout.JAVA_BYTE, 0, copy, 0, COPIED);
        int operation = field(DirectoryLayout.REQUEST_OP);
        int kind = field(DirectoryLayout.REQUEST_KIND);
        int direction = field(DirectoryLayout.REQUEST_DIRECTION);
        String peer = peer();
        if (operation != DirectoryLayout.OP_OPEN
                || !FlowKind.isCode(kind)
                || !Direction.isCode(direction)
                || peer.isEmpty()) {
            reply(AnswerStatus.MALFORMED, 0, "expected op 1, kind 1-8, direction 1-2, a printable peer name");
            violations.badRequest(operation, kind, direction);
            return;
        }
        STATUS.setRelease(page, (long) DirectoryLayout.REQUEST_STATUS, DirectoryLayout.STATUS_PENDING);
        pendingId = ++lastId;
        if (!asker.asks(pendingId, FlowKind.ofCode(kind), Direction.ofCode(direction), peer)) {
            answer(pendingId, AnswerStatus.REFUSED, 0, "no policy daemon answers here");
        }
    }

    /**
     * Shows the daemon's answer to the guest; an answer to nothing that was asked is ignored.
     *
     * @param id the request's number
     * @param status the outcome
     * @param index position in the directory if granted
     * @param reason one sentence for the guest
     */
    public synchronized void answer(long id, AnswerStatus status, int index, String reason) {
        if (id == pendingId && id != 0) {
            pendingId = 0;
            reply(status, index, reason);
        }
    }

    private void reply(AnswerStatus status, int index, String reason) {
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, DirectoryLayout.REQUEST_REASON_BYTES - 1);
        page.asSlice(DirectoryLayout.REQUEST_REASON, DirectoryLayout.REQUEST_REASON_BYTES)
                .fill((byte) 0);
        MemorySegment.copy(text, 0, page, ValueLayout.JAVA_BYTE, DirectoryLayout.REQUEST_REASON, length);
        page.set(INT, DirectoryLayout.REQUEST_INDEX, index);
        STATUS.setRelease(page, (long) DirectoryLayout.REQUEST_STATUS, status.code());
    }

    private int field(int offset) {
        return copy[offset] & 0xff
                | (copy[offset + 1] & 0xff) << 8
                | (copy[offset + 2] & 0xff) << 16
                | copy[offset + 3] << 24;
    }

    /** The peer's name, or "" where it is not 1 to 31 printable ASCII characters and a NUL. */
    private String peer() {
        int length = 0;
        while (length < PEER_BYTES && copy[DirectoryLayout.REQUEST_PEER + length] != 0) {
            byte c = copy[DirectoryLayout.REQUEST_PEER + length];
            if (c < ' ' || c > '~') {
                return "";
            }
            length++;
        }
        return length == PEER_BYTES
                ? ""
                : new String(copy, DirectoryLayout.REQUEST_PEER, length, StandardCharsets.US_ASCII);
    }
}
