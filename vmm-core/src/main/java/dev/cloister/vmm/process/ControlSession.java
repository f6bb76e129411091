package dev.cloister.vmm.process;

import dev.cloister.kvm.Kvm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.MessageSocket.Message;
import dev.cloister.linux.Poller;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ProtocolException;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.config.ChannelRequest;
import dev.cloister.vmm.config.MachineEvents;
import dev.cloister.vmm.config.MachineState;
import dev.cloister.vmm.config.Violation;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.ProcessFacts;
import dev.cloister.vmm.report.Report;
import dev.cloister.vmm.report.ReportJson;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * The VMM's side of the control socket: one thread reads, acts and writes. What vCPU threads have to tell goes through a bounded queue,
 * so a guest can neither block on the daemon nor flood it; what does not fit is dropped, and violations carry their own count.
 */
final class ControlSession implements MachineEvents, AutoCloseable {
    private static final long STATUS_NANOS = 500_000_000L;
    private static final long NANOS_PER_MILLI = 1_000_000L;
    private static final int QUEUE = 256;
    private static final int MAX_DETAIL = VmmCodec.MAX_DETAIL;

    private final MessageSocket socket;
    private final EventFd wake = EventFd.create();
    private final Poller poller = new Poller();
    private final ArrayBlockingQueue<FromVmm> outgoing = new ArrayBlockingQueue<>(QUEUE);
    private final BalloonDesk balloon = new BalloonDesk(this::post);
    private @Nullable Machine machine;
    private @Nullable DomainSetup setup;
    private DaemonLoss onLoss = DaemonLoss.SEVER;
    private boolean connected = true;
    private boolean startReported;
    private int lostCode;
    private volatile long firstInstructionAt;
    private volatile boolean ended;

    ControlSession(MessageSocket socket) throws ErrnoException {
        this.socket = socket;
    }

    /** Serves the daemon until the guest has ended; returns the exit code. */
    int run() throws ErrnoException {
        int socketSlot = poller.add(socket.fd(), Poller.IN);
        poller.add(wake.fd(), Poller.IN);
        long nextStatus = System.nanoTime() + STATUS_NANOS;
        while (true) {
            drainOutgoing();
            if (ended) {
                return finish();
            }
            if (!connected && machine == null) {
                return Outcome.CODE_HOST;
            }
            long now = System.nanoTime();
            if (now - nextStatus >= 0) {
                status();
                nextStatus = now + STATUS_NANOS;
            }
            poller.poll(Math.max(1, (nextStatus - now) / NANOS_PER_MILLI));
            wake.drain();
            balloon.look();
            if (connected && poller.ready(socketSlot) != 0 && !receive()) {
                connected = false;
                poller.remove(socketSlot);
                daemonLost();
            }
        }
    }

    /** Counts what is in memory that the daemon may take away at any time. */
    private void status() {
        try {
            sendStatus();
        } catch (InternalError e) {
            // It was taken away; the channel's end is under way, and the next report counts without it.
            System.err.println("cloister-vmm: no status this time: " + e.getMessage());
        }
    }

    /** Takes one message; false at the end of the connection or when the other side speaks no sense. */
    private boolean receive() {
        try {
            return switch (socket.receiveWithin(0)) {
                case MessageSocket.NothingYet _ -> true;
                case MessageSocket.PeerClosed _ -> false;
                case Message message -> {
                    handle(message);
                    yield true;
                }
            };
        } catch (ProtocolException e) {
            System.err.println("cloister-vmm: control message refused: " + e.getMessage());
            return false;
        } catch (ErrnoException e) {
            return false;
        }
    }

    private void handle(Message message) throws ProtocolException {
        List<Fd> fds = new ArrayList<>(message.fds());
        try {
            ToVmm decoded = VmmCodec.decodeToVmm(ByteBuffer.wrap(message.data()));
            act(decoded, fds);
        } catch (MachineException e) {
            fail(e.exitCode(), e.getMessage());
        } catch (ErrnoException e) {
            fail(Outcome.CODE_HOST, e.getMessage());
        } finally {
            // What was taken over is no longer in the list.
            fds.forEach(Fd::close);
        }
    }

    private void act(ToVmm message, List<Fd> fds) throws MachineException, ErrnoException {
        switch (message) {
            case ToVmm.Configure configure -> configure(configure, fds);
            case ToVmm.Attach attach -> {
                required().channels().attach(attach.index(), attach.role(), attach.epoch(), fds);
                send(new FromVmm.Attached(attach.index(), attach.epoch()));
            }
            case ToVmm.Start _ -> required().start();
            case ToVmm.Pause _ -> {
                required().pause();
                sendStatus();
            }
            case ToVmm.Resume _ -> {
                required().resume();
                sendStatus();
            }
            case ToVmm.Stop _, ToVmm.PressPowerButton _ -> end(message, required());
            case ToVmm.Revoke revoke -> {
                required().channels().revoke(revoke.index());
                send(new FromVmm.Revoked(revoke.index(), revoke.epoch()));
            }
            case ToVmm.Answer answer ->
                required().channels().answer(answer.requestId(), answer.status(), answer.index(), answer.reason());
            case ToVmm.Declare declare -> required().channels().declare(declare.channel());
            case ToVmm.SetBalloon change -> balloon.ask(required().balloon(), change.bytes());
            case ToVmm.Query _ -> sendStatus();
        }
    }

    private static void end(ToVmm message, Machine machine) {
        if (message instanceof ToVmm.Stop || !machine.pressPowerButton()) {
            machine.stop();
        }
    }

    private Machine required() throws MachineException {
        Machine made = machine;
        if (made == null) {
            throw MachineException.input("a message came before Configure; expected Configure first");
        }
        return made;
    }

    private void configure(ToVmm.Configure configure, List<Fd> fds) throws MachineException, ErrnoException {
        if (machine != null) {
            throw MachineException.input("a second Configure came; expected one");
        }
        onLoss = configure.domain().onDaemonLoss();
        DomainSetup made = DomainSetup.take(configure.domain(), fds);
        setup = made;
        Fd kvm = made.kvm();
        machine = Machine.create(
                kvm == null ? null : adopt(kvm, configure.domain().processor().engine()),
                made.config(configure.domain(), this));
        made.releaseImages();
        send(new FromVmm.Ready());
    }

    /** What was handed over as KVM; null where it is none and the engine may be another. */
    private static @Nullable Kvm adopt(Fd fd, dev.cloister.policy.model.Engine engine) throws ErrnoException {
        try {
            return Kvm.adopt(fd);
        } catch (ErrnoException e) {
            if (engine == dev.cloister.policy.model.Engine.AUTO) {
                return null;
            }
            throw e;
        }
    }

    /** The machine cannot be made or changed as asked: that ends the process, with the reason as its report. */
    private void fail(int code, @Nullable String reason) {
        String text = reason == null ? "unknown failure" : reason;
        System.err.println("cloister-vmm: " + text);
        Machine made = machine;
        if (made != null) {
            made.fail(text);
            return;
        }
        send(new FromVmm.Exited(code, ReportJson.failure(code, text)));
        connected = false;
    }

    private void daemonLost() {
        Machine made = machine;
        if (made == null) {
            return;
        }
        if (made.state() == MachineState.CREATED) {
            // Nobody is left to start it.
            made.stop();
        }
        if (onLoss == DaemonLoss.SEVER) {
            made.channels().severAll();
            lostCode = Outcome.CODE_HOST;
            System.err.println(
                    "cloister-vmm: the daemon and its keeper are gone; onDaemonLoss: sever ends this domain");
            made.stop();
        }
    }

    private int finish() {
        Machine made = machine;
        if (made == null) {
            return Outcome.CODE_HOST;
        }
        MachineExit exit;
        try {
            exit = made.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Outcome.CODE_HOST;
        }
        drainOutgoing();
        sendStatus();
        if (connected) {
            send(new FromVmm.Exited(exit.exitCode(), ReportJson.write(exit.report())));
        } else if (lostCode != 0) {
            return lostCode;
        } else if (exit.report().fault() != null) {
            System.err.print(exit.report().fault().text());
        }
        return exit.exitCode();
    }

    @Override
    public void stateChanged(MachineState state) {
        if (state == MachineState.STOPPED) {
            ended = true;
        }
        tellControlThread();
    }

    @Override
    public void firstInstruction(long nanoTime) {
        // Reading /proc belongs to the control thread, not before the guest's first instruction.
        firstInstructionAt = nanoTime;
        tellControlThread();
    }

    @Override
    public void violation(Violation violation) {
        String more = violation.suppressed() > 0 ? " (and " + violation.suppressed() + " more before it)" : "";
        String detail = violation.detail() + more;
        post(new FromVmm.Violation(violation.kind(), detail.substring(0, Math.min(detail.length(), MAX_DETAIL))));
    }

    @Override
    public boolean request(ChannelRequest request) {
        return connected
                && post(new FromVmm.Request(request.id(), request.kind(), request.direction(), request.peer()));
    }

    private boolean post(FromVmm message) {
        boolean queued = outgoing.offer(message);
        tellControlThread();
        return queued;
    }

    private void tellControlThread() {
        try {
            wake.signal();
        } catch (ErrnoException | IllegalStateException e) {
            // The control thread also looks once a second; a closed eventfd means that it is gone.
        }
    }

    private void drainOutgoing() {
        long first = firstInstructionAt;
        if (first != 0 && !startReported) {
            startReported = true;
            send(new FromVmm.Started(Math.max(0, ProcessFacts.nanosSinceStart(first))));
        }
        FromVmm next = outgoing.poll();
        while (next != null) {
            send(next);
            next = outgoing.poll();
        }
    }

    private void send(FromVmm message) {
        if (!connected) {
            return;
        }
        try {
            socket.send(bytes(message));
        } catch (ErrnoException e) {
            // The daemon is gone; the end of the connection will be read and acted on.
        }
    }

    /** Statuses may be lost: a daemon that does not read must not hold the domain up. */
    private void sendStatus() {
        Machine made = machine;
        if (!connected || made == null) {
            return;
        }
        try {
            socket.trySend(bytes(status(made)), List.of());
        } catch (ErrnoException e) {
            // As in send.
        }
    }

    private static FromVmm.Status status(Machine made) {
        List<FromVmm.ExitCount> exits = new ArrayList<>();
        for (Report.Count count : made.exits()) {
            exits.add(new FromVmm.ExitCount(count.name(), count.count()));
        }
        return new FromVmm.Status(
                domainState(made.state()),
                made.engine(),
                made.emulatedInstructions(),
                exits,
                made.channels().counters());
    }

    private static DomainState domainState(MachineState state) {
        return switch (state) {
            case CREATED -> DomainState.READY;
            case RUNNING -> DomainState.RUNNING;
            case PAUSED -> DomainState.PAUSED;
            case STOPPED -> DomainState.EXITED;
        };
    }

    static byte[] bytes(FromVmm message) {
        ByteBuffer frame = VmmCodec.encode(message);
        byte[] data = new byte[frame.remaining()];
        frame.get(data);
        return data;
    }

    @Override
    public void close() {
        Machine made = machine;
        if (made != null) {
            made.close();
        }
        DomainSetup taken = setup;
        if (taken != null) {
            taken.close();
        }
        poller.close();
        wake.close();
    }
}
