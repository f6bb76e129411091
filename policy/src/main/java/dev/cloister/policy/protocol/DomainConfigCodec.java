package dev.cloister.policy.protocol;

import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FlowKind;
import java.util.List;
import java.util.UUID;

/** The configuration's part of the codec. */
final class DomainConfigCodec {
    private DomainConfigCodec() {}

    private static final long WINDOW_ALIGN = 0xffff;

    static void write(FrameWriter out, DomainConfig d) {
        out.i64(d.id().getMostSignificantBits(), Long.MIN_VALUE, Long.MAX_VALUE);
        out.i64(d.id().getLeastSignificantBits(), Long.MIN_VALUE, Long.MAX_VALUE);
        out.name(d.name(), VmmCodec.MAX_NAME);
        out.text(d.label(), VmmCodec.MAX_LABEL);
        out.i64(d.memoryBytes(), 4096, VmmCodec.MAX_MEMORY);
        out.u8(d.cpus(), 1, VmmCodec.MAX_CPUS);
        out.u8(d.engine().ordinal(), 0, Engine.DIRECT.ordinal());
        out.text(d.kernelName(), VmmCodec.MAX_FILE_NAME);
        out.text(d.commandLine(), VmmCodec.MAX_COMMAND_LINE);
        out.bool(d.initrd());
        out.bool(d.serialIn());
        out.u8(d.onDaemonLoss().ordinal(), 0, 1);
        out.bool(d.placement().firmware());
        out.bool(d.placement().prefault());
        out.i32(d.placement().pin().size(), 0, VmmCodec.MAX_PINNED);
        d.placement().pin().forEach(cpu -> out.i32(cpu, 0, VmmCodec.MAX_HOST_CPU));
        out.u8(d.channels().size(), 0, VmmCodec.MAX_CHANNELS);
        for (ChannelConfig c : d.channels()) {
            write(out, c);
        }
    }

    private static void write(FrameWriter out, ChannelConfig c) {
        out.u8(c.index(), 0, VmmCodec.MAX_CHANNELS - 1);
        out.name(c.flow(), VmmCodec.MAX_FLOW_NAME);
        out.u8(c.kind().code(), 1, 4);
        out.u8(c.direction().code(), 1, 2);
        out.name(c.peer(), VmmCodec.MAX_NAME);
        out.i64(c.gpa(), 0, Long.MAX_VALUE);
        out.i64(c.sizeBytes(), 0, VmmCodec.MAX_WINDOW);
        out.i32(c.recordBytes(), 0, Integer.MAX_VALUE);
        out.i32(c.recordCount(), 0, Integer.MAX_VALUE);
        out.i64(c.ratePerSecond(), 0, Long.MAX_VALUE);
        out.i64(c.rateBurst(), 0, Long.MAX_VALUE);
        out.i64(c.backChannelBitsPerSecond(), 0, Long.MAX_VALUE);
        out.i64(c.quota().units(), 0, Long.MAX_VALUE);
        out.i64(c.quota().periodNanos(), 0, Long.MAX_VALUE);
        out.i64(c.quota().startNanos(), Long.MIN_VALUE, Long.MAX_VALUE);
        out.i64(c.quota().used(), 0, Long.MAX_VALUE);
    }

    static DomainConfig read(FrameReader in) throws ProtocolException {
        UUID id = new UUID(in.i64("id", Long.MIN_VALUE, Long.MAX_VALUE), in.i64("id", Long.MIN_VALUE, Long.MAX_VALUE));
        String name = in.name("name", VmmCodec.MAX_NAME);
        String label = in.text("label", VmmCodec.MAX_LABEL);
        long memory = in.i64("memoryBytes", 4096, VmmCodec.MAX_MEMORY);
        if ((memory & 0xfff) != 0) {
            throw in.error("memoryBytes", Long.toString(memory), "a multiple of 4096");
        }
        int cpus = in.u8("cpus", 1, VmmCodec.MAX_CPUS);
        Engine engine = Engine.values()[in.u8("engine", 0, Engine.DIRECT.ordinal())];
        String kernel = in.text("kernelName", VmmCodec.MAX_FILE_NAME);
        String commandLine = in.text("commandLine", VmmCodec.MAX_COMMAND_LINE);
        boolean initrd = in.bool("initrd");
        boolean serialIn = in.bool("serialIn");
        DaemonLoss loss = DaemonLoss.values()[in.u8("onDaemonLoss", 0, 1)];
        DomainConfig.Placement placement = placement(in);
        return new DomainConfig(
                id,
                name,
                label,
                memory,
                cpus,
                engine,
                kernel,
                commandLine,
                initrd,
                serialIn,
                loss,
                channels(in),
                placement);
    }

    private static DomainConfig.Placement placement(FrameReader in) throws ProtocolException {
        boolean firmware = in.bool("firmware");
        boolean prefault = in.bool("prefault");
        Integer[] pin = new Integer[in.i32("pin", 0, VmmCodec.MAX_PINNED)];
        for (int i = 0; i < pin.length; i++) {
            pin[i] = in.i32("pin.cpu", 0, VmmCodec.MAX_HOST_CPU);
        }
        return new DomainConfig.Placement(firmware, prefault, List.of(pin));
    }

    private static List<ChannelConfig> channels(FrameReader in) throws ProtocolException {
        ChannelConfig[] channels = new ChannelConfig[in.u8("channels", 0, VmmCodec.MAX_CHANNELS)];
        for (int i = 0; i < channels.length; i++) {
            in.u8("channel.index", i, i);
            channels[i] = channel(in, i);
        }
        return List.of(channels);
    }

    private static ChannelConfig channel(FrameReader in, int index) throws ProtocolException {
        String flow = in.name("channel.flow", VmmCodec.MAX_FLOW_NAME);
        FlowKind kind = FlowKind.ofCode(in.u8("channel.kind", 1, 4));
        Direction direction = Direction.ofCode(in.u8("channel.direction", 1, 2));
        String peer = in.name("channel.peer", VmmCodec.MAX_NAME);
        long gpa = in.i64("channel.gpa", 0, Long.MAX_VALUE);
        long size = in.i64("channel.sizeBytes", 0, VmmCodec.MAX_WINDOW);
        if (((gpa | size) & WINDOW_ALIGN) != 0) {
            throw in.error("channel.gpa and sizeBytes", gpa + ", " + size, "multiples of 64 KiB");
        }
        return new ChannelConfig(
                index,
                flow,
                kind,
                direction,
                peer,
                gpa,
                size,
                in.i32("channel.recordBytes", 0, Integer.MAX_VALUE),
                in.i32("channel.recordCount", 0, Integer.MAX_VALUE),
                in.i64("channel.ratePerSecond", 0, Long.MAX_VALUE),
                in.i64("channel.rateBurst", 0, Long.MAX_VALUE),
                in.i64("channel.backChannelBitsPerSecond", 0, Long.MAX_VALUE),
                quota(in));
    }

    private static ChannelConfig.Quota quota(FrameReader in) throws ProtocolException {
        long units = in.i64("channel.quota.units", 0, Long.MAX_VALUE);
        long period = in.i64("channel.quota.periodNanos", units == 0 ? 0 : 1, Long.MAX_VALUE);
        return new ChannelConfig.Quota(
                units,
                period,
                in.i64("channel.quota.startNanos", Long.MIN_VALUE, Long.MAX_VALUE),
                in.i64("channel.quota.used", 0, Long.MAX_VALUE));
    }
}
