package dev.cloister.policy.protocol;

import static dev.cloister.policy.wire.Scalar.any64;
import static dev.cloister.policy.wire.Scalar.count;
import static dev.cloister.policy.wire.Scalar.i64;
import static dev.cloister.policy.wire.Scalar.u8;
import static dev.cloister.policy.wire.Text.name;
import static dev.cloister.policy.wire.Text.text;

import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.wire.Choice;
import dev.cloister.policy.wire.Field;
import dev.cloister.policy.wire.Struct;
import java.util.List;

/** Every message between the daemon and a VMM: the one description that codec, reference page and tests follow. */
final class VmmMessages {
    private static final String NO_DESCRIPTORS = "";

    /** From the daemon to a VMM; numbers 1 to 99. */
    static final List<Message<ToVmm>> TO_VMM = List.of(
            new Message<>(
                    1,
                    Struct.of(
                            "Configure",
                            v -> new ToVmm.Configure(v.get(0)),
                            Field.of("domain", ConfigWire.DOMAIN, ToVmm.Configure::domain)),
                    "kvm (not for engine emulated, nor for auto where the host has none), kernel or firmware, initrd"
                            + " (if initrd), serial out, serial in (if serialIn)",
                    "The first message: builds the machine.",
                    "Ready"),
            new Message<>(
                    2,
                    Struct.of(
                            "Attach",
                            v -> new ToVmm.Attach(v.small(0), v.get(1), v.small(2)),
                            Field.of("index", ConfigWire.INDEX, ToVmm.Attach::index),
                            Field.of("role", ConfigWire.DIRECTION, ToVmm.Attach::role),
                            Field.of("epoch", ConfigWire.EPOCH, ToVmm.Attach::epoch)),
                    "memory: memory file, eventfd; event: eventfd; stream: pipe end, credit eventfd",
                    "Hands over one end of a channel.",
                    "Attached; a writer's only once its window is mapped"),
            bare(3, "Start", new ToVmm.Start(), "Lets the vCPUs run.", "Started"),
            bare(4, "Pause", new ToVmm.Pause(), "Stops the vCPUs so that they can go on.", "Status"),
            bare(5, "Resume", new ToVmm.Resume(), "Undoes Pause.", "Status"),
            bare(6, "Stop", new ToVmm.Stop(), "Ends the domain.", "Exited and the end of the process"),
            bare(
                    15,
                    "PressPowerButton",
                    new ToVmm.PressPowerButton(),
                    "Presses the guest's power button; ends a domain whose guest doesn't listen to it.",
                    "Exited and the end of the process, when the guest has shut down"),
            new Message<>(
                    7,
                    Struct.of(
                            "Revoke",
                            v -> new ToVmm.Revoke(v.small(0), v.small(1)),
                            Field.of("index", ConfigWire.INDEX, ToVmm.Revoke::index),
                            Field.of("epoch", ConfigWire.EPOCH, ToVmm.Revoke::epoch)),
                    NO_DESCRIPTORS,
                    "Takes a channel away: the VMM unmaps the window and closes the end.",
                    "Revoked, also where the channel was not live"),
            new Message<>(
                    8,
                    Struct.of(
                            "Answer",
                            v -> new ToVmm.Answer(v.number(0), v.get(1), v.small(2), v.get(3)),
                            Field.of("requestId", any64(), ToVmm.Answer::requestId),
                            Field.of("status", Choice.of(AnswerStatus.class, AnswerStatus::code), ToVmm.Answer::status),
                            Field.of("index", ConfigWire.INDEX, ToVmm.Answer::index),
                            Field.of("reason", text(VmmCodec.MAX_REASON), ToVmm.Answer::reason)),
                    NO_DESCRIPTORS,
                    "Answers a Request.",
                    ""),
            new Message<>(
                    10,
                    Struct.of(
                            "Declare",
                            v -> new ToVmm.Declare(v.get(0)),
                            Field.of("channel", ConfigWire.CHANNEL, ToVmm.Declare::channel)),
                    NO_DESCRIPTORS,
                    "Adds a channel to the directory, or puts another in the place of one that is not live.",
                    ""),
            new Message<>(
                    16,
                    Struct.of(
                            "SetBalloon",
                            v -> new ToVmm.SetBalloon(v.number(0)),
                            Field.of(
                                    "bytes",
                                    i64(ToVmm.SetBalloon.NO_CHANGE, VmmCodec.MAX_MEMORY),
                                    ToVmm.SetBalloon::bytes)),
                    NO_DESCRIPTORS,
                    "Changes the size of the guest's balloon; -1 only asks for it.",
                    "Balloon"),
            bare(9, "Query", new ToVmm.Query(), "Asks for a Status now.", "Status"));

    /** From a VMM to the daemon; numbers 100 to 199. */
    static final List<Message<FromVmm>> FROM_VMM = List.of(
            new Message<>(
                    100,
                    Struct.of(
                            "Confined",
                            v -> new FromVmm.Confined(v.get(0)),
                            Field.of("problem", text(VmmCodec.MAX_DETAIL), FromVmm.Confined::problem)),
                    "the listener of the process' filter of system calls; none where it can't be confined",
                    "The first message: the process is in its sandbox, and takes nothing from outside before that.",
                    "Configure, or the end of a process that isn't confined"),
            bare(101, "Ready", new FromVmm.Ready(), "The machine is built; channels may be attached.", ""),
            new Message<>(
                    102,
                    Struct.of(
                            "Attached",
                            v -> new FromVmm.Attached(v.small(0), v.small(1)),
                            Field.of("index", ConfigWire.INDEX, FromVmm.Attached::index),
                            Field.of("epoch", ConfigWire.EPOCH, FromVmm.Attached::epoch)),
                    NO_DESCRIPTORS,
                    "A channel's end is in place; a writer has mapped its window.",
                    ""),
            new Message<>(
                    103,
                    Struct.of(
                            "Started",
                            v -> new FromVmm.Started(v.number(0)),
                            Field.of("nanosSinceProcessStart", count(), FromVmm.Started::nanosSinceProcessStart)),
                    NO_DESCRIPTORS,
                    "The guest's first instruction is about to run.",
                    ""),
            new Message<>(
                    104,
                    StatusWire.STATUS,
                    NO_DESCRIPTORS,
                    "How the domain does: about twice a second, after Pause and Resume, and on Query.",
                    ""),
            new Message<>(
                    105,
                    Struct.of(
                            "Request",
                            v -> new FromVmm.Request(v.number(0), v.get(1), v.get(2), v.get(3)),
                            Field.of("requestId", any64(), FromVmm.Request::requestId),
                            Field.of("kind", Choice.of(FlowKind.class, FlowKind::code), FromVmm.Request::kind),
                            Field.of("direction", ConfigWire.DIRECTION, FromVmm.Request::direction),
                            Field.of("peer", name(VmmCodec.MAX_NAME), FromVmm.Request::peer)),
                    NO_DESCRIPTORS,
                    "The guest asks for a channel.",
                    "Answer"),
            new Message<>(
                    109,
                    StatusWire.BALLOON,
                    NO_DESCRIPTORS,
                    "How the guest's balloon is: once for each SetBalloon, unless the next came before the guest"
                            + " answered.",
                    ""),
            new Message<>(
                    106,
                    Struct.of(
                            "Violation",
                            v -> new FromVmm.Violation(v.get(0), v.get(1)),
                            Field.of(
                                    "kind",
                                    Choice.of(ViolationKind.class, ViolationKind::ordinal),
                                    FromVmm.Violation::kind),
                            Field.of("detail", text(VmmCodec.MAX_DETAIL), FromVmm.Violation::detail)),
                    NO_DESCRIPTORS,
                    "The guest tried what it may not and was stopped from it.",
                    ""),
            new Message<>(
                    107,
                    Struct.of(
                            "Exited",
                            v -> new FromVmm.Exited(v.small(0), v.get(1)),
                            Field.of("code", u8(0, 255), FromVmm.Exited::code),
                            Field.of("reportJson", text(VmmCodec.MAX_REPORT), FromVmm.Exited::reportJson)),
                    NO_DESCRIPTORS,
                    "The guest has ended; the process follows.",
                    ""),
            new Message<>(
                    108,
                    Struct.of(
                            "Revoked",
                            v -> new FromVmm.Revoked(v.small(0), v.small(1)),
                            Field.of("index", ConfigWire.INDEX, FromVmm.Revoked::index),
                            Field.of("epoch", ConfigWire.EPOCH, FromVmm.Revoked::epoch)),
                    NO_DESCRIPTORS,
                    "A channel has been taken away: nothing passes through it any more.",
                    ""));

    private VmmMessages() {}

    private static <M> Message<M> bare(int number, String name, M message, String purpose, String answer) {
        return new Message<>(number, Struct.of(name, _ -> message), NO_DESCRIPTORS, purpose, answer);
    }
}
