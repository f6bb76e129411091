package dev.cloister.policy.channel;

import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;

/**
 * The directory page (version 1) by which a guest finds its channels, the request page beside it, and the guest-physical and
 * port numbers that go with them. Little-endian. The VMM writes the page through its own mapping; the guest has it read-only.
 */
public final class DirectoryLayout {
    /** Guest-physical address of the directory page. */
    public static final long DIRECTORY_GPA = 0xD000_0000L;
    /** Guest-physical address of the request page. */
    public static final long REQUEST_GPA = 0xD000_1000L;
    /** Guest-physical address of the first channel window. */
    public static final long WINDOWS_GPA = 0xD020_0000L;
    /** First guest-physical address behind the channel windows. */
    public static final long WINDOWS_END_GPA = 0xE000_0000L;
    /** Bytes of each of the two pages. */
    public static final int PAGE_BYTES = 4096;
    /** Alignment of windows in bytes. */
    public static final long WINDOW_ALIGN = 0x1_0000;
    /** Version of the layout. */
    public static final int VERSION = 1;
    /** "CLOISTER" read as a little-endian number. */
    public static final long MAGIC = 0x5245_5453_494f_4c43L;
    /** Port at which the guest signals that its request page is filled. */
    public static final int REQUEST_PORT = 0xC100;
    /** Port of the doorbell of entry 0; entry i has this plus i. */
    public static final int DOORBELL_PORT = 0xC200;
    /** Interrupt vector of entry 0; entry i has this plus i. */
    public static final int INTERRUPT_VECTOR = 0x60;
    /** GSI of entry 0; entry i has this plus i. */
    public static final int INTERRUPT_GSI = 32;

    /** Offset of the domain's UUID, 16 bytes in RFC 9562 order. */
    public static final int UUID_OFFSET = 0x10;
    /** Offset of the domain's name, char[32]. */
    public static final int NAME_OFFSET = 0x20;
    /** Offset of the count of entries, u32. */
    public static final int COUNT_OFFSET = 0x40;
    /** Offset of the first entry. */
    public static final int ENTRIES_OFFSET = 0x80;
    /** Bytes of an entry. */
    public static final int ENTRY_BYTES = 128;
    /** Offset of the generation, u64, bumped at each change. */
    public static final int GENERATION_OFFSET = 0x58;

    /** Entry: flow name, char[40]. */
    public static final int ENTRY_FLOW = 0x00;
    /** Entry: kind, u32. */
    public static final int ENTRY_KIND = 0x28;
    /** Entry: direction, u32. */
    public static final int ENTRY_DIRECTION = 0x2c;
    /** Entry: guest-physical address of the window, u64. */
    public static final int ENTRY_GPA = 0x30;
    /** Entry: bytes of the window, u64. */
    public static final int ENTRY_SIZE = 0x38;
    /** Entry: doorbell port, u32, 0 for none. */
    public static final int ENTRY_DOORBELL = 0x40;
    /** Entry: interrupt vector, u32, 0 for none. */
    public static final int ENTRY_VECTOR = 0x44;
    /** Entry: record bytes, u32. */
    public static final int ENTRY_RECORD_BYTES = 0x48;
    /** Entry: record count, u32. */
    public static final int ENTRY_RECORD_COUNT = 0x4c;
    /** Entry: state, u32, 1 live, 0 severed or revoked. */
    public static final int ENTRY_STATE = 0x50;
    /** Entry: epoch, u32: which opening of the channel this is, the same at both ends; grows, 0 before the first. */
    public static final int ENTRY_EPOCH = 0x54;
    /** Entry: name of the peer, char[32]. */
    public static final int ENTRY_PEER = 0x58;
    /** State of a live channel. */
    public static final int STATE_LIVE = 1;
    /** State of a severed or revoked channel. */
    public static final int STATE_SEVERED = 0;

    /** Request page: operation, u32. */
    public static final int REQUEST_OP = 0x00;
    /** Request page: status, u32; 0 idle, 1 pending, otherwise {@link dev.cloister.policy.protocol.AnswerStatus#code}. */
    public static final int REQUEST_STATUS = 0x04;
    /** Request page: kind, u32. */
    public static final int REQUEST_KIND = 0x08;
    /** Request page: direction, u32. */
    public static final int REQUEST_DIRECTION = 0x0c;
    /** Request page: peer, char[32]. */
    public static final int REQUEST_PEER = 0x10;
    /** Request page: index in the directory when granted, u32. */
    public static final int REQUEST_INDEX = 0x30;
    /** Request page: reason, char[192]. */
    public static final int REQUEST_REASON = 0x40;
    /** Bytes of the request page's reason with its NUL. */
    public static final int REQUEST_REASON_BYTES = 192;
    /** The operation "open a channel". */
    public static final int OP_OPEN = 1;
    /** Status "idle". */
    public static final int STATUS_IDLE = 0;
    /** Status "pending". */
    public static final int STATUS_PENDING = 1;

    private DirectoryLayout() {}

    /**
     * Fills a directory page for a domain; every entry begins severed, in epoch 0, until {@link #setLive}.
     *
     * @param page 4096 writable bytes, aligned to 8
     * @param id identity of the domain
     * @param name its name
     * @param channels its channels in directory order, which become the entries
     */
    public static void write(MemorySegment page, UUID id, String name, List<ChannelConfig> channels) {
        page.asSlice(0, PAGE_BYTES).fill((byte) 0);
        page.set(MemoryRing.LONG, 0x00, MAGIC);
        page.set(MemoryRing.INT, 0x08, VERSION);
        page.set(MemoryRing.INT, 0x0c, PAGE_BYTES);
        writeUuid(page, id);
        writeText(page, NAME_OFFSET, 32, name);
        page.set(MemoryRing.INT, COUNT_OFFSET, channels.size());
        page.set(MemoryRing.INT, 0x44, ENTRY_BYTES);
        page.set(MemoryRing.INT, 0x48, ENTRIES_OFFSET);
        page.set(MemoryRing.INT, 0x4c, REQUEST_PORT);
        page.set(MemoryRing.LONG, 0x50, REQUEST_GPA);
        for (ChannelConfig channel : channels) {
            writeEntry(page, channel);
        }
        page.set(MemoryRing.LONG, GENERATION_OFFSET, 1);
    }

    /**
     * Adds an entry, or puts another in a place whose channel is not live, and bumps the generation after it. The entry is severed and
     * of epoch 0. One thread at a time.
     *
     * @param page the page
     * @param channel its index is at most one behind the last entry
     */
    public static void declare(MemorySegment page, ChannelConfig channel) {
        long at = entryOffset(channel.index());
        MemoryRing.INTS.setOpaque(page, at + ENTRY_STATE, STATE_SEVERED);
        // Nobody takes the new channel's data for the old one's.
        VarHandle.storeStoreFence();
        page.asSlice(at, ENTRY_BYTES).fill((byte) 0);
        writeEntry(page, channel);
        VarHandle.storeStoreFence();
        int count = Math.max(page.get(MemoryRing.INT, COUNT_OFFSET), channel.index() + 1);
        MemoryRing.INTS.setOpaque(page, (long) COUNT_OFFSET, count);
        setState(page, channel.index(), STATE_SEVERED);
    }

    /**
     * Shows a channel as live and bumps the generation after it. One thread at a time.
     *
     * @param page the page
     * @param index position of the entry
     * @param epoch which opening of the channel this is, above every earlier one
     */
    public static void setLive(MemorySegment page, int index, int epoch) {
        MemoryRing.INTS.setOpaque(page, entryOffset(index) + ENTRY_EPOCH, epoch);
        // Whoever sees the channel live also sees which one it is.
        VarHandle.storeStoreFence();
        setState(page, index, STATE_LIVE);
    }

    /**
     * Shows a channel as severed and bumps the generation after it; the epoch stays. One thread at a time.
     *
     * @param page the page
     * @param index position of the entry
     */
    public static void setSevered(MemorySegment page, int index) {
        setState(page, index, STATE_SEVERED);
    }

    private static void setState(MemorySegment page, int index, int state) {
        MemoryRing.INTS.setOpaque(page, entryOffset(index) + ENTRY_STATE, state);
        VarHandle.storeStoreFence();
        long generation = (long) MemoryRing.LONGS.getOpaque(page, (long) GENERATION_OFFSET);
        MemoryRing.LONGS.setRelease(page, (long) GENERATION_OFFSET, generation + 1);
    }

    /**
     * Returns the offset of an entry.
     *
     * @param index position, 0 to 30
     * @return offset in the page
     */
    public static long entryOffset(int index) {
        if (index < 0 || ENTRIES_OFFSET + (index + 1L) * ENTRY_BYTES > PAGE_BYTES) {
            throw new IllegalArgumentException("directory index " + index + ": expected 0 to 30");
        }
        return ENTRIES_OFFSET + (long) index * ENTRY_BYTES;
    }

    /**
     * Returns the doorbell port of a channel: whoever sends has one, and both ends where each has a ring of its own (a consumer
     * tells its VMM that there is room).
     *
     * @param channel the channel
     * @return the port, 0 for none
     */
    public static int doorbellPort(ChannelConfig channel) {
        boolean has = ringInGuest(channel) || signalled(channel) && channel.direction() == Direction.OUT;
        return has ? DOORBELL_PORT + channel.index() : 0;
    }

    /**
     * Returns the interrupt vector of a channel: whoever receives has one, and both ends where each has a ring of its own.
     *
     * @param channel the channel
     * @return the vector, 0 for none
     */
    public static int interruptVector(ChannelConfig channel) {
        boolean has = ringInGuest(channel) || signalled(channel) && channel.direction() == Direction.IN;
        return has ? INTERRUPT_VECTOR + channel.index() : 0;
    }

    private static boolean signalled(ChannelConfig channel) {
        return channel.kind() != FlowKind.CONSOLE && !channel.sockets().present();
    }

    /** Connections of AF_VSOCK have a device for that, and no ring. */
    private static boolean ringInGuest(ChannelConfig channel) {
        return channel.kind().ringAtBothEnds() && !channel.sockets().present();
    }

    private static void writeEntry(MemorySegment page, ChannelConfig channel) {
        long at = entryOffset(channel.index());
        writeText(page, at + ENTRY_FLOW, 40, channel.flow());
        page.set(MemoryRing.INT, at + ENTRY_KIND, channel.kind().code());
        page.set(MemoryRing.INT, at + ENTRY_DIRECTION, channel.direction().code());
        page.set(MemoryRing.LONG, at + ENTRY_GPA, channel.window().gpa());
        page.set(MemoryRing.LONG, at + ENTRY_SIZE, channel.window().sizeBytes());
        page.set(MemoryRing.INT, at + ENTRY_DOORBELL, doorbellPort(channel));
        page.set(MemoryRing.INT, at + ENTRY_VECTOR, interruptVector(channel));
        page.set(MemoryRing.INT, at + ENTRY_RECORD_BYTES, channel.window().recordBytes());
        page.set(MemoryRing.INT, at + ENTRY_RECORD_COUNT, channel.window().recordCount());
        page.set(MemoryRing.INT, at + ENTRY_STATE, STATE_SEVERED);
        writeText(page, at + ENTRY_PEER, 32, channel.peer());
    }

    private static void writeUuid(MemorySegment page, UUID id) {
        page.set(MemoryRing.LONG, UUID_OFFSET, Long.reverseBytes(id.getMostSignificantBits()));
        page.set(MemoryRing.LONG, UUID_OFFSET + 8, Long.reverseBytes(id.getLeastSignificantBits()));
    }

    /** Writes text with at least one NUL behind it. */
    private static void writeText(MemorySegment page, long offset, int size, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        MemorySegment.copy(bytes, 0, page, ValueLayout.JAVA_BYTE, offset, Math.min(bytes.length, size - 1));
    }
}
