package dev.cloister.policy.protocol;

import java.nio.ByteBuffer;

/**
 * The wire form of {@link ToVmm} and {@link FromVmm}: one big-endian frame {@code u16 version, u16 type, body} for each
 * message, at most {@link #MAX_FRAME} bytes, one frame to a packet of the SEQPACKET socket. Text is {@code u16 length} and
 * UTF-8. The messages are the tables of {@link VmmMessages}. Decoding checks every field once and throws {@link ProtocolException}; encoding a value out of range throws
 * {@link IllegalArgumentException}. Stateless and thread-safe.
 */
public final class VmmCodec {
    /** Version of the protocol; both sides come from one build, so any other is refused. */
    public static final int VERSION = 1;
    /** Most bytes of a frame. */
    public static final int MAX_FRAME = 65_536;
    /** Most channels of a domain: what the directory page holds. */
    public static final int MAX_CHANNELS = 31;
    /** Most virtual CPUs of a domain. */
    public static final int MAX_CPUS = 64;
    /** Most bytes of a domain's or exit kind's name. */
    public static final int MAX_NAME = 31;
    /** Most bytes of a flow's name. */
    public static final int MAX_FLOW_NAME = 39;
    /** Most bytes of a label in readable form. */
    public static final int MAX_LABEL = 1024;
    /** Most bytes of a kernel's file name. */
    public static final int MAX_FILE_NAME = 1024;
    /** Most bytes of a kernel's command line, as the Linux boot protocol allows on x86. */
    public static final int MAX_COMMAND_LINE = 2047;
    /** Most bytes of an answer's reason: the field on the request page with its NUL. */
    public static final int MAX_REASON = 191;
    /** Most bytes of a violation's detail. */
    public static final int MAX_DETAIL = 1024;
    /** Most bytes of a report. */
    public static final int MAX_REPORT = 60_000;
    /** Most kinds of exits in a status. */
    public static final int MAX_EXIT_KINDS = 64;
    /** Most facts that a guest tells of its memory. */
    public static final int MAX_MEMORY_FACTS = 16;
    /** Most host CPUs that a domain is pinned to. */
    public static final int MAX_PINNED = 1024;
    /** Highest number of a host CPU. */
    public static final int MAX_HOST_CPU = 8191;
    /** Longest processor model in bytes. */
    public static final int MAX_CPU_MODEL = 4096;
    /** Most bytes of guest RAM: 1 TiB. */
    public static final long MAX_MEMORY = 1L << 40;
    /** Most bytes of a channel's window: the window area of the guest-physical map. */
    public static final long MAX_WINDOW = 0x0fe0_0000L;

    private static final Protocol<ToVmm> TO_VMM = new Protocol<>(VmmMessages.TO_VMM);
    private static final Protocol<FromVmm> FROM_VMM = new Protocol<>(VmmMessages.FROM_VMM);

    private VmmCodec() {}

    /**
     * Encodes a message for a VMM.
     *
     * @param message the message
     * @return a buffer with exactly the frame, position 0
     */
    public static ByteBuffer encode(ToVmm message) {
        return TO_VMM.encode(message);
    }

    /**
     * Encodes a message for the daemon.
     *
     * @param message the message
     * @return a buffer with exactly the frame, position 0
     */
    public static ByteBuffer encode(FromVmm message) {
        return FROM_VMM.encode(message);
    }

    /**
     * Decodes one whole frame from the daemon.
     *
     * @param frame the packet, from position to limit; its byte order is set to big-endian
     * @return the message
     * @throws ProtocolException if anything in it is not as the protocol says
     */
    public static ToVmm decodeToVmm(ByteBuffer frame) throws ProtocolException {
        return TO_VMM.decode(frame);
    }

    /**
     * Decodes one whole frame from a VMM.
     *
     * @param frame the packet, from position to limit; its byte order is set to big-endian
     * @return the message
     * @throws ProtocolException if anything in it is not as the protocol says
     */
    public static FromVmm decodeFromVmm(ByteBuffer frame) throws ProtocolException {
        return FROM_VMM.decode(frame);
    }
}
