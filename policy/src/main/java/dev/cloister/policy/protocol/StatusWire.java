package dev.cloister.policy.protocol;

import static dev.cloister.policy.wire.Scalar.count;
import static dev.cloister.policy.wire.Text.name;

import dev.cloister.policy.wire.Choice;
import dev.cloister.policy.wire.Field;
import dev.cloister.policy.wire.Sequence;
import dev.cloister.policy.wire.Struct;

/** How a domain does, as fields. */
final class StatusWire {
    private static final Struct<FromVmm.ExitCount> EXIT = Struct.of(
            "ExitCount",
            v -> new FromVmm.ExitCount(v.get(0), v.number(1)),
            Field.of("kind", name(VmmCodec.MAX_NAME), FromVmm.ExitCount::kind),
            Field.of("count", count(), FromVmm.ExitCount::count));

    private static final Struct<FromVmm.ChannelCounters> COUNTERS = Struct.of(
            "ChannelCounters",
            v -> new FromVmm.ChannelCounters(v.small(0), v.number(1), v.number(2), v.number(3)),
            Field.of("index", ConfigWire.INDEX, FromVmm.ChannelCounters::index),
            Field.of("units", count(), FromVmm.ChannelCounters::units),
            Field.of("refused", count(), FromVmm.ChannelCounters::refused),
            Field.of("reverse", count(), FromVmm.ChannelCounters::reverse));

    static final Struct<FromVmm.Status> STATUS = Struct.of(
            "Status",
            v -> new FromVmm.Status(v.get(0), v.get(1), v.number(2), v.get(3), v.get(4)),
            Field.of("state", Choice.of(DomainState.class, DomainState::ordinal), FromVmm.Status::state),
            Field.of("engine", ConfigWire.ENGINE, FromVmm.Status::engine),
            Field.of("emulatedInstructions", count(), FromVmm.Status::emulatedInstructions),
            Field.of("exits", Sequence.of(VmmCodec.MAX_EXIT_KINDS, EXIT), FromVmm.Status::exits),
            Field.of("channels", Sequence.of(VmmCodec.MAX_CHANNELS, COUNTERS), FromVmm.Status::channels));

    private static final Struct<FromVmm.MemoryFact> MEMORY_FACT = Struct.of(
            "MemoryFact",
            v -> new FromVmm.MemoryFact(v.get(0), v.number(1)),
            Field.of("name", name(VmmCodec.MAX_NAME), FromVmm.MemoryFact::name),
            Field.of("value", count(), FromVmm.MemoryFact::value));

    static final Struct<FromVmm.Balloon> BALLOON = Struct.of(
            "Balloon",
            v -> new FromVmm.Balloon(v.number(0), v.number(1), v.number(2), v.get(3)),
            Field.of("wanted", count(), FromVmm.Balloon::wanted),
            Field.of("actual", count(), FromVmm.Balloon::actual),
            Field.of("returned", count(), FromVmm.Balloon::returned),
            Field.of("guest", Sequence.of(VmmCodec.MAX_MEMORY_FACTS, MEMORY_FACT), FromVmm.Balloon::guest));

    private StatusWire() {}
}
