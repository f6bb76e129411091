package dev.cloister.it.bench;

import dev.cloister.linux.BpfProgram;
import dev.cloister.linux.Fd;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Prctl;
import dev.cloister.linux.Seccomp;
import dev.cloister.linux.SystemCalls;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.VmmCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A VMM process without a guest, started by a real daemon: it speaks the protocol well enough to be given its channels, and a subclass
 * does with them what it likes. One thread takes the messages; {@link #send} and {@link #say} are for any thread.
 */
public abstract class BareVmm {
    private static final int CONTROL_FD = 3;

    private final MessageSocket control = MessageSocket.adopt(Fd.own(CONTROL_FD));
    private Optional<DomainConfig> config = Optional.empty();
    private Optional<Fd> serial = Optional.empty();

    /** Takes the control socket that the process was born with. */
    protected BareVmm() {}

    /**
     * One end of a channel has come; its descriptors are the callee's. The daemon is told afterwards.
     *
     * @param attach the message
     * @param channel the channel as it was laid out
     * @param fds in the message's order
     * @throws IOException if the channel can't be used
     */
    protected abstract void attached(ToVmm.Attach attach, ChannelConfig channel, List<Fd> fds) throws IOException;

    /**
     * A channel shall be let go of. The daemon is told afterwards that it was.
     *
     * @param revoke the message
     * @throws IOException if that fails
     */
    protected abstract void revoked(ToVmm.Revoke revoke) throws IOException;

    /**
     * The guest would run from now on.
     *
     * @throws IOException if what it does fails
     */
    protected abstract void started() throws IOException;

    /**
     * A request was answered.
     *
     * @param answer the message
     */
    protected void answered(ToVmm.Answer answer) {
        // Most ask for nothing.
    }

    /**
     * Serves the daemon until it hangs up.
     *
     * @throws IOException if the socket fails
     */
    protected final void run() throws IOException {
        confine();
        for (Optional<MessageSocket.Message> m = control.receive(); m.isPresent(); m = control.receive()) {
            handle(
                    VmmCodec.decodeToVmm(ByteBuffer.wrap(m.get().data())),
                    m.get().fds());
        }
    }

    /** A filter that refuses one call only, with a real listener. */
    private void confine() throws IOException {
        Prctl.setNoNewPrivileges();
        byte[] program = new BpfProgram(BpfProgram.ALLOW)
                .rule(SystemCalls.number("ptrace"), BpfProgram.USER_NOTIFY, List.of())
                .bytes();
        try (Fd listener = Seccomp.installWithListener(program)) {
            control.send(bytes(new FromVmm.Confined("")), List.of(listener));
        }
    }

    private void handle(ToVmm message, List<Fd> fds) throws IOException {
        switch (message) {
            case ToVmm.Configure m -> {
                config = Optional.of(m.domain());
                serial = Optional.of(fds.get(m.domain().boot().initrd() ? 3 : 2));
                send(new FromVmm.Ready());
            }
            case ToVmm.Attach m -> {
                attached(m, config().channels().get(m.index()), fds);
                send(new FromVmm.Attached(m.index(), m.epoch()));
            }
            case ToVmm.Revoke m -> {
                revoked(m);
                send(new FromVmm.Revoked(m.index(), m.epoch()));
            }
            case ToVmm.Start _ -> {
                send(new FromVmm.Started(1));
                send(status(DomainState.RUNNING));
                started();
            }
            case ToVmm.Stop _, ToVmm.PressPowerButton _ -> {
                send(new FromVmm.Exited(0, "{}"));
                Runtime.getRuntime().halt(0);
            }
            case ToVmm.Answer m -> answered(m);
            case ToVmm.Pause _ -> send(status(DomainState.PAUSED));
            default -> send(status(DomainState.RUNNING));
        }
    }

    private static FromVmm.Status status(DomainState state) {
        return new FromVmm.Status(state, Engine.DIRECT, 0, List.of(), List.of());
    }

    /**
     * Returns what the daemon said about the domain.
     *
     * @return its configuration
     */
    protected final DomainConfig config() {
        return config.orElseThrow(() -> new IllegalStateException("asked for before Configure came"));
    }

    /**
     * Returns the words of the domain's command line.
     *
     * @return separated at spaces
     */
    protected final List<String> words() {
        return List.of(config().boot().commandLine().split(" "));
    }

    /**
     * Tells the daemon something.
     *
     * @param message what
     * @throws IOException if the daemon is gone
     */
    protected final void send(FromVmm message) throws IOException {
        control.send(bytes(message));
    }

    private static byte[] bytes(FromVmm message) {
        ByteBuffer frame = VmmCodec.encode(message);
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        return bytes;
    }

    /**
     * Writes a line to the serial line.
     *
     * @param line without its end
     * @throws IOException if nobody reads it any more
     */
    protected final void say(String line) throws IOException {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
        Pipe.write(serial.orElseThrow(), bytes, 0, bytes.length);
    }
}
