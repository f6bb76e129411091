package dev.cloister.policy.protocol;

import static dev.cloister.policy.wire.Scalar.any64;
import static dev.cloister.policy.wire.Scalar.bool;
import static dev.cloister.policy.wire.Scalar.count;
import static dev.cloister.policy.wire.Scalar.i32;
import static dev.cloister.policy.wire.Scalar.i64;
import static dev.cloister.policy.wire.Scalar.u8;
import static dev.cloister.policy.wire.Scalar.uuid;
import static dev.cloister.policy.wire.Text.name;
import static dev.cloister.policy.wire.Text.text;

import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.PortRange;
import dev.cloister.policy.model.SocketUse;
import dev.cloister.policy.model.VirtioBus;
import dev.cloister.policy.wire.Choice;
import dev.cloister.policy.wire.Field;
import dev.cloister.policy.wire.Scalar;
import dev.cloister.policy.wire.Sequence;
import dev.cloister.policy.wire.Struct;
import dev.cloister.policy.wire.WireType;
import java.util.List;

/** What a VMM is told about its domain, as fields. */
final class ConfigWire {
    private static final long PAGE = 4096;
    private static final long WINDOW_ALIGN = 0x1_0000;

    /** A position in the directory. */
    static final Scalar<Integer> INDEX = u8(0, VmmCodec.MAX_CHANNELS - 1);
    /** Which opening of a channel. */
    static final Scalar<Integer> EPOCH = i32(1, Integer.MAX_VALUE);

    static final Choice<Direction> DIRECTION = Choice.of(Direction.class, Direction::code);
    static final Choice<Engine> ENGINE =
            Choice.of(Engine.class, List.of(Engine.AUTO, Engine.DIRECT, Engine.EMULATED), Engine::ordinal);

    private static final Choice<FlowKind> KIND = Choice.of(FlowKind.class, FlowKind::code);

    private static final Struct<ChannelConfig.Quota> QUOTA = Struct.of(
            "Quota",
            v -> new ChannelConfig.Quota(v.number(0), v.number(1), v.number(2), v.number(3)),
            Field.of("units", count(), ChannelConfig.Quota::units),
            Field.of("periodNanos", count(), ChannelConfig.Quota::periodNanos),
            Field.of("startNanos", any64(), ChannelConfig.Quota::startNanos),
            Field.of("used", count(), ChannelConfig.Quota::used));

    private static final Struct<PortRange> PORTS = Struct.of(
            "Ports",
            v -> new PortRange(Math.min(v.number(0), v.number(1)), Math.max(v.number(0), v.number(1))),
            Field.of("first", i64(0, PortRange.MAX), PortRange::first),
            Field.of("last", i64(0, PortRange.MAX), PortRange::last));

    private static final Struct<ChannelConfig.Sockets> SOCKETS = Struct.of(
            "Sockets",
            v -> new ChannelConfig.Sockets(v.number(0), v.get(1), v.get(2), v.get(3)),
            Field.of("peerCid", i64(0, Domain.MAX_CID), ChannelConfig.Sockets::peerCid),
            Field.of("ports", Sequence.of(SocketUse.MAX_RANGES, PORTS), ChannelConfig.Sockets::ports),
            Field.of("answers", text(VmmCodec.MAX_FLOW_NAME), ChannelConfig.Sockets::answers),
            Field.of("answered", bool(), ChannelConfig.Sockets::answered));

    /** A channel of a domain. */
    static final Struct<ChannelConfig> CHANNEL = Struct.of(
            "Channel",
            v -> new ChannelConfig(
                    v.small(0),
                    v.get(1),
                    v.get(2),
                    v.get(3),
                    v.get(4),
                    new ChannelConfig.Window(v.number(5), v.number(6), v.small(7), v.small(8)),
                    new ChannelConfig.Limits(v.number(9), v.number(10), v.number(11), v.get(12)),
                    v.get(13)),
            Field.of("index", INDEX, ChannelConfig::index),
            Field.of("flow", name(VmmCodec.MAX_FLOW_NAME), ChannelConfig::flow),
            Field.of("kind", KIND, ChannelConfig::kind),
            Field.of("direction", DIRECTION, ChannelConfig::direction),
            Field.of("peer", name(VmmCodec.MAX_NAME), ChannelConfig::peer),
            Field.of(
                    "gpa", i64(0, Long.MAX_VALUE, WINDOW_ALIGN), c -> c.window().gpa()),
            Field.of(
                    "sizeBytes",
                    i64(0, VmmCodec.MAX_WINDOW, WINDOW_ALIGN),
                    c -> c.window().sizeBytes()),
            Field.of("recordBytes", i32(0, Integer.MAX_VALUE), c -> c.window().recordBytes()),
            Field.of("recordCount", i32(0, Integer.MAX_VALUE), c -> c.window().recordCount()),
            Field.of("ratePerSecond", count(), c -> c.limits().ratePerSecond()),
            Field.of("rateBurst", count(), c -> c.limits().rateBurst()),
            Field.of("backChannelBitsPerSecond", count(), c -> c.limits().backChannelBitsPerSecond()),
            Field.of("quota", QUOTA, c -> c.limits().quota()),
            Field.of("sockets", SOCKETS, ChannelConfig::sockets));

    private static final Struct<DomainConfig.PersistentRange> RANGE = Struct.of(
            "PersistentRange",
            v -> new DomainConfig.PersistentRange(v.get(0), v.number(1), v.get(2), v.get(3)),
            Field.of("peer", name(VmmCodec.MAX_NAME), DomainConfig.PersistentRange::peer),
            Field.of(
                    "bytes",
                    i64(
                            DomainConfig.PersistentRange.ALIGNMENT,
                            DomainConfig.PersistentRange.MOST_BYTES,
                            DomainConfig.PersistentRange.ALIGNMENT),
                    DomainConfig.PersistentRange::bytes),
            Field.of("writable", bool(), DomainConfig.PersistentRange::writable),
            Field.of("shared", bool(), DomainConfig.PersistentRange::shared));

    private static final Struct<DomainConfig.Devices> DEVICES = Struct.of(
            "Devices",
            v -> new DomainConfig.Devices(v.get(0), v.number(1), v.number(2), v.get(3)),
            Field.of("bus", Choice.of(VirtioBus.class, VirtioBus::ordinal), DomainConfig.Devices::bus),
            Field.of("socketCid", i64(0, Domain.MAX_CID), DomainConfig.Devices::socketCid),
            Field.of(
                    "balloonBytes",
                    i64(DomainConfig.Devices.NO_BALLOON, VmmCodec.MAX_MEMORY),
                    DomainConfig.Devices::balloonBytes),
            Field.of("persistent", Sequence.of(VmmCodec.MAX_CHANNELS, RANGE), DomainConfig.Devices::persistent));

    private static final WireType<List<Integer>> PIN = Sequence.of(VmmCodec.MAX_PINNED, i32(0, VmmCodec.MAX_HOST_CPU));

    private static final WireType<List<ChannelConfig>> CHANNELS = Sequence.of(VmmCodec.MAX_CHANNELS, CHANNEL);

    /** A domain. */
    static final Struct<DomainConfig> DOMAIN = Struct.of(
            "Domain",
            v -> new DomainConfig(
                    new DomainConfig.Identity(v.get(0), v.get(1), v.get(2)),
                    new DomainConfig.Processor(v.small(4), v.get(5), v.get(14), v.get(13)),
                    new DomainConfig.Memory(v.number(3), v.get(12)),
                    new DomainConfig.Boot(v.get(6), v.get(7), v.get(11), v.get(8)),
                    v.get(15),
                    v.get(9),
                    v.get(16),
                    v.get(10)),
            Field.of("id", uuid(), d -> d.identity().id()),
            Field.of("name", name(VmmCodec.MAX_NAME), d -> d.identity().name()),
            Field.of("label", text(VmmCodec.MAX_LABEL), d -> d.identity().label()),
            Field.of(
                    "memoryBytes",
                    i64(PAGE, VmmCodec.MAX_MEMORY, PAGE),
                    d -> d.memory().bytes()),
            Field.of("cpus", u8(1, VmmCodec.MAX_CPUS), d -> d.processor().cpus()),
            Field.of("engine", ENGINE, d -> d.processor().engine()),
            Field.of("imageName", text(VmmCodec.MAX_FILE_NAME), d -> d.boot().imageName()),
            Field.of(
                    "commandLine",
                    text(VmmCodec.MAX_COMMAND_LINE),
                    d -> d.boot().commandLine()),
            Field.of("initrd", bool(), d -> d.boot().initrd()),
            Field.of("serialIn", bool(), DomainConfig::serialIn),
            Field.of("onDaemonLoss", Choice.of(DaemonLoss.class, DaemonLoss::ordinal), DomainConfig::onDaemonLoss),
            Field.of("firmware", bool(), d -> d.boot().firmware()),
            Field.of("prefault", bool(), d -> d.memory().prefault()),
            Field.of("pin", PIN, d -> d.processor().pin()),
            Field.of(
                    "cpuModel", text(VmmCodec.MAX_CPU_MODEL), d -> d.processor().model()),
            Field.of("devices", DEVICES, DomainConfig::devices),
            Field.of("channels", CHANNELS, DomainConfig::channels));

    private ConfigWire() {}
}
