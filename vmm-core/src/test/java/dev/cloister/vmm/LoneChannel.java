package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Memfd;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.vmm.ChannelTest.Heard;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.Violation;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A machine with one memory or event channel, and what a test has of it: the other side's ends, and all that is heard of the guest. */
final class LoneChannel implements AutoCloseable {
    final EventFd bell = EventFd.create();
    final Machine machine;
    private final ChannelConfig channel;
    private final Memfd memfd = ChannelTest.ringMemory();
    private final Mapping view = Mapping.writable(memfd.fd(), 0, ChannelTest.WINDOW);
    private final Heard heard = new Heard();
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    /** A machine that hasn't started, nothing attached. */
    LoneChannel(ChannelConfig channel, String program) throws Exception {
        this(channel, TestGuest.config(TestGuest.long64(program)));
    }

    /** As the other, with what else is wanted of the machine. */
    LoneChannel(ChannelConfig channel, MachineConfig.Builder config) throws Exception {
        this.channel = channel;
        machine = Machine.create(
                TestGuest.kvm(),
                config.channels(List.of(channel))
                        .events(heard)
                        .serialOut(printed)
                        .build());
    }

    /** Attaches the channel as the daemon does. */
    void attach() throws Exception {
        Fd signals = bell.fd().duplicate();
        boolean sends = channel.direction() == Direction.OUT;
        machine.channels()
                .attach(
                        0,
                        channel.direction(),
                        channel.kind() == FlowKind.EVENT
                                ? ChannelTest.fds(signals)
                                : ChannelTest.fds(sends ? memfd.fd().duplicate() : memfd.reopenReadOnly(), signals));
    }

    /** Attaches the channel, and lets the guest run. */
    LoneChannel start() throws Exception {
        attach();
        machine.start();
        return this;
    }

    /** Waits until the guest says by its exit code that all went well. */
    void succeeds() throws Exception {
        assertThat(machine.await().exitCode()).isEqualTo(3);
    }

    /** The window as the other side has it, writable. */
    MemorySegment window() {
        return view.segment();
    }

    /** What the guest has printed. */
    String printed() {
        return printed.toString(StandardCharsets.US_ASCII);
    }

    /** Waits until the guest has printed just this. */
    void awaitPrinted(String text) {
        ChannelTest.until(() -> printed().equals(text));
    }

    /** All that the guest did against the policy, and thereby the end of the machine. */
    List<Violation> violations() {
        machine.close();
        return heard.violations;
    }

    @Override
    public void close() {
        machine.close();
        view.close();
        memfd.close();
        bell.close();
    }
}
