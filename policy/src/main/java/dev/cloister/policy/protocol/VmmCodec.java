package dev.cloister.policy.protocol;

import dev.cloister.policy.model.FlowKind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The wire form of {@link ToVmm} and {@link FromVmm}: one big-endian frame {@code u16 version, u16 type, body} for each
 * message, at most {@link #MAX_FRAME} bytes, one frame to a packet of the SEQPACKET socket. Text is {@code u16 length} and
 * UTF-8. Decoding checks every field once and throws {@link ProtocolException}; encoding a value out of range throws
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
    /** Most host CPUs that a domain is pinned to. */
    public static final int MAX_PINNED = 1024;
    /** Highest number of a host CPU. */
    public static final int MAX_HOST_CPU = 8191;
    /** Most bytes of guest RAM: 1 TiB. */
    public static final long MAX_MEMORY = 1L << 40;
    /** Most bytes of a channel's window: the window area of the guest-physical map. */
    public static final long MAX_WINDOW = 0x0fe0_0000L;

    /** Highest number of a kind: a guest may ask for any, also for those that are not made. */
    private static final int MAX_KIND = FlowKind.values().length;

    private static final int CONFIGURE = 1;
    private static final int ATTACH = 2;
    private static final int START = 3;
    private static final int PAUSE = 4;
    private static final int RESUME = 5;
    private static final int STOP = 6;
    private static final int REVOKE = 7;
    private static final int ANSWER = 8;
    private static final int QUERY = 9;

    private static final int READY = 101;
    private static final int ATTACHED = 102;
    private static final int STARTED = 103;
    private static final int STATUS = 104;
    private static final int REQUEST = 105;
    private static final int VIOLATION = 106;
    private static final int EXITED = 107;
    private static final int REVOKED = 108;

    private VmmCodec() {}

    /**
     * Encodes a message for a VMM.
     *
     * @param message the message
     * @return a buffer with exactly the frame, position 0
     */
    public static ByteBuffer encode(ToVmm message) {
        ByteBuffer frame = ByteBuffer.allocate(MAX_FRAME);
        FrameWriter out = new FrameWriter(frame);
        switch (message) {
            case ToVmm.Configure m -> DomainConfigCodec.write(header(frame, CONFIGURE, out), m.domain());
            case ToVmm.Attach m -> {
                header(frame, ATTACH, out).u8(m.index(), 0, MAX_CHANNELS - 1);
                out.u8(m.role().code(), 1, 2);
                out.i32(m.epoch(), 1, Integer.MAX_VALUE);
            }
            case ToVmm.Start _ -> header(frame, START, out);
            case ToVmm.Pause _ -> header(frame, PAUSE, out);
            case ToVmm.Resume _ -> header(frame, RESUME, out);
            case ToVmm.Stop _ -> header(frame, STOP, out);
            case ToVmm.Revoke m -> header(frame, REVOKE, out).u8(m.index(), 0, MAX_CHANNELS - 1);
            case ToVmm.Answer m -> writeAnswer(header(frame, ANSWER, out), m);
            case ToVmm.Query _ -> header(frame, QUERY, out);
        }
        return frame.flip();
    }

    /**
     * Encodes a message for the daemon.
     *
     * @param message the message
     * @return a buffer with exactly the frame, position 0
     */
    public static ByteBuffer encode(FromVmm message) {
        ByteBuffer frame = ByteBuffer.allocate(MAX_FRAME);
        FrameWriter out = new FrameWriter(frame);
        switch (message) {
            case FromVmm.Ready _ -> header(frame, READY, out);
            case FromVmm.Attached m -> header(frame, ATTACHED, out).u8(m.index(), 0, MAX_CHANNELS - 1);
            case FromVmm.Revoked m -> header(frame, REVOKED, out).u8(m.index(), 0, MAX_CHANNELS - 1);
            case FromVmm.Started m -> header(frame, STARTED, out).i64(m.nanosSinceProcessStart(), 0, Long.MAX_VALUE);
            case FromVmm.Status m -> StatusCodec.write(header(frame, STATUS, out), m);
            case FromVmm.Request m -> writeRequest(header(frame, REQUEST, out), m);
            case FromVmm.Violation m -> {
                header(frame, VIOLATION, out).u8(m.kind().ordinal(), 0, ViolationKind.OTHER.ordinal());
                out.text(m.detail(), MAX_DETAIL);
            }
            case FromVmm.Exited m -> {
                header(frame, EXITED, out).u8(m.code(), 0, 255);
                out.text(m.reportJson(), MAX_REPORT);
            }
        }
        return frame.flip();
    }

    /**
     * Decodes one whole frame from the daemon.
     *
     * @param frame the packet, from position to limit; its byte order is set to big-endian
     * @return the message
     * @throws ProtocolException if anything in it is not as the protocol says
     */
    public static ToVmm decodeToVmm(ByteBuffer frame) throws ProtocolException {
        FrameReader in = new FrameReader(frame.order(ByteOrder.BIG_ENDIAN));
        int type = type(in);
        ToVmm message = decodeToVmm(in, type);
        in.end();
        return message;
    }

    /**
     * Decodes one whole frame from a VMM.
     *
     * @param frame the packet, from position to limit; its byte order is set to big-endian
     * @return the message
     * @throws ProtocolException if anything in it is not as the protocol says
     */
    public static FromVmm decodeFromVmm(ByteBuffer frame) throws ProtocolException {
        FrameReader in = new FrameReader(frame.order(ByteOrder.BIG_ENDIAN));
        int type = type(in);
        FromVmm message = decodeFromVmm(in, type);
        in.end();
        return message;
    }

    private static FrameWriter header(ByteBuffer frame, int type, FrameWriter out) {
        frame.putShort((short) VERSION).putShort((short) type);
        return out;
    }

    private static int type(FrameReader in) throws ProtocolException {
        in.u16("version", VERSION, VERSION);
        return in.u16("type", 0, 0xffff);
    }

    private static ToVmm decodeToVmm(FrameReader in, int type) throws ProtocolException {
        return switch (type) {
            case CONFIGURE -> {
                in.enter("Configure");
                yield new ToVmm.Configure(DomainConfigCodec.read(in));
            }
            case ATTACH -> {
                in.enter("Attach");
                yield new ToVmm.Attach(
                        index(in), Direction.ofCode(in.u8("role", 1, 2)), in.i32("epoch", 1, Integer.MAX_VALUE));
            }
            case REVOKE -> {
                in.enter("Revoke");
                yield new ToVmm.Revoke(index(in));
            }
            case ANSWER -> readAnswer(in);
            default -> decodeBare(in, type);
        };
    }

    /** The messages without a body. */
    private static ToVmm decodeBare(FrameReader in, int type) throws ProtocolException {
        return switch (type) {
            case START -> new ToVmm.Start();
            case PAUSE -> new ToVmm.Pause();
            case RESUME -> new ToVmm.Resume();
            case STOP -> new ToVmm.Stop();
            case QUERY -> new ToVmm.Query();
            default -> throw in.error("type", Integer.toString(type), "1 to 9");
        };
    }

    private static FromVmm decodeFromVmm(FrameReader in, int type) throws ProtocolException {
        return switch (type) {
            case READY -> new FromVmm.Ready();
            case ATTACHED -> {
                in.enter("Attached");
                yield new FromVmm.Attached(index(in));
            }
            case STARTED -> {
                in.enter("Started");
                yield new FromVmm.Started(in.i64("nanosSinceProcessStart", 0, Long.MAX_VALUE));
            }
            case STATUS -> StatusCodec.read(in);
            case REQUEST -> readRequest(in);
            case VIOLATION -> {
                in.enter("Violation");
                ViolationKind kind = ViolationKind.values()[in.u8("kind", 0, ViolationKind.OTHER.ordinal())];
                yield new FromVmm.Violation(kind, in.text("detail", MAX_DETAIL));
            }
            case EXITED -> {
                in.enter("Exited");
                yield new FromVmm.Exited(in.u8("code", 0, 255), in.text("reportJson", MAX_REPORT));
            }
            case REVOKED -> {
                in.enter("Revoked");
                yield new FromVmm.Revoked(index(in));
            }
            default -> throw in.error("type", Integer.toString(type), "101 to 108");
        };
    }

    static int index(FrameReader in) throws ProtocolException {
        return in.u8("index", 0, MAX_CHANNELS - 1);
    }

    private static void writeAnswer(FrameWriter out, ToVmm.Answer m) {
        out.i64(m.requestId(), Long.MIN_VALUE, Long.MAX_VALUE);
        out.u8(m.status().code(), 2, 5);
        out.u8(m.index(), 0, MAX_CHANNELS - 1);
        out.text(m.reason(), MAX_REASON);
    }

    private static ToVmm readAnswer(FrameReader in) throws ProtocolException {
        in.enter("Answer");
        long id = in.i64("requestId", Long.MIN_VALUE, Long.MAX_VALUE);
        AnswerStatus status = AnswerStatus.ofCode(in.u8("status", 2, 5));
        return new ToVmm.Answer(id, status, index(in), in.text("reason", MAX_REASON));
    }

    private static void writeRequest(FrameWriter out, FromVmm.Request m) {
        out.i64(m.requestId(), Long.MIN_VALUE, Long.MAX_VALUE);
        out.u8(m.kind().code(), 1, MAX_KIND);
        out.u8(m.direction().code(), 1, 2);
        out.name(m.peer(), MAX_NAME);
    }

    private static FromVmm readRequest(FrameReader in) throws ProtocolException {
        in.enter("Request");
        long id = in.i64("requestId", Long.MIN_VALUE, Long.MAX_VALUE);
        FlowKind kind = FlowKind.ofCode(in.u8("kind", 1, MAX_KIND));
        Direction direction = Direction.ofCode(in.u8("direction", 1, 2));
        return new FromVmm.Request(id, kind, direction, in.name("peer", MAX_NAME));
    }
}
