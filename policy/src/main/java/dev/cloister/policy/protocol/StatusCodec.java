package dev.cloister.policy.protocol;

import dev.cloister.policy.model.Engine;
import java.util.List;

/** The status' part of the codec. */
final class StatusCodec {
    private StatusCodec() {}

    static void write(FrameWriter out, FromVmm.Status m) {
        out.u8(m.state().ordinal(), 0, DomainState.EXITED.ordinal());
        out.u8(m.engine().ordinal(), 0, Engine.DIRECT.ordinal());
        out.i64(m.emulatedInstructions(), 0, Long.MAX_VALUE);
        out.u8(m.exits().size(), 0, VmmCodec.MAX_EXIT_KINDS);
        for (FromVmm.ExitCount e : m.exits()) {
            out.name(e.kind(), VmmCodec.MAX_NAME);
            out.i64(e.count(), 0, Long.MAX_VALUE);
        }
        out.u8(m.channels().size(), 0, VmmCodec.MAX_CHANNELS);
        for (FromVmm.ChannelCounters c : m.channels()) {
            out.u8(c.index(), 0, VmmCodec.MAX_CHANNELS - 1);
            out.i64(c.units(), 0, Long.MAX_VALUE);
            out.i64(c.refused(), 0, Long.MAX_VALUE);
            out.i64(c.reverse(), 0, Long.MAX_VALUE);
        }
    }

    static FromVmm.Status read(FrameReader in) throws ProtocolException {
        in.enter("Status");
        DomainState state = DomainState.values()[in.u8("state", 0, DomainState.EXITED.ordinal())];
        Engine engine = Engine.values()[in.u8("engine", 0, Engine.DIRECT.ordinal())];
        long emulated = in.i64("emulatedInstructions", 0, Long.MAX_VALUE);
        FromVmm.ExitCount[] exits = new FromVmm.ExitCount[in.u8("exits", 0, VmmCodec.MAX_EXIT_KINDS)];
        for (int i = 0; i < exits.length; i++) {
            exits[i] = new FromVmm.ExitCount(
                    in.name("exits.kind", VmmCodec.MAX_NAME), in.i64("exits.count", 0, Long.MAX_VALUE));
        }
        FromVmm.ChannelCounters[] channels = new FromVmm.ChannelCounters[in.u8("channels", 0, VmmCodec.MAX_CHANNELS)];
        for (int i = 0; i < channels.length; i++) {
            channels[i] = new FromVmm.ChannelCounters(
                    in.u8("channels.index", 0, VmmCodec.MAX_CHANNELS - 1),
                    in.i64("channels.units", 0, Long.MAX_VALUE),
                    in.i64("channels.refused", 0, Long.MAX_VALUE),
                    in.i64("channels.reverse", 0, Long.MAX_VALUE));
        }
        return new FromVmm.Status(state, engine, emulated, List.of(exits), List.of(channels));
    }
}
