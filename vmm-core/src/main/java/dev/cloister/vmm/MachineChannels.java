package dev.cloister.vmm;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.protocol.AnswerStatus;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm.ChannelCounters;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.channel.ChannelException;
import dev.cloister.vmm.channel.ChannelSet;
import dev.cloister.vmm.channel.DeviceEnds;
import dev.cloister.vmm.channel.RequestPage;
import dev.cloister.vmm.channel.Violations;
import dev.cloister.vmm.config.ChannelRequest;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.engine.Engine;
import dev.cloister.vmm.ivshmem.ChannelFunctions;
import dev.cloister.vmm.ivshmem.EventWatch;
import dev.cloister.vmm.ivshmem.InterruptSwitch;
import dev.cloister.vmm.memory.GuestRam;
import dev.cloister.vmm.report.MachineException;
import java.util.List;

/**
 * The channels of one {@link Machine}: put in place, taken away and counted as the daemon says, before the start or while the guest
 * runs, from any thread.
 */
public final class MachineChannels {
    /** What channels ask of the machine's life. */
    interface Life {
        /** Whether the guest may have run already. */
        boolean entered();

        /** Ends the guest, with a reason in one line. */
        void fail(String reason);
    }

    private final Engine engine;
    private final GuestRam ram;
    private final EventWatch events;
    private final InterruptSwitch interrupts;
    private final Violations violations;
    private final ChannelSet channels;
    private final RequestPage requests;
    private final Life life;

    MachineChannels(
            MachineConfig config, Engine engine, GuestRam ram, Violations violations, DeviceEnds devices, Life life)
            throws ErrnoException, MachineException {
        this.engine = engine;
        this.ram = ram;
        this.life = life;
        this.violations = violations;
        this.events = new EventWatch("functions-" + config.domain().name());
        this.interrupts = new InterruptSwitch(engine, events);
        this.channels = new ChannelSet(config.devices().channels(), interrupts, ram, violations, devices);
        this.requests = new RequestPage(
                ram.request(),
                (id, kind, direction, peer) ->
                        config.watch().events().request(new ChannelRequest(id, kind, direction, peer)),
                violations);
    }

    /** Puts ports and functions on the buses; what is to be said about that. */
    List<String> attachTo(Board board, List<ChannelConfig> configs) throws MachineException {
        board.carrier().ifPresent(channels::carriedBy);
        attachPorts(board);
        ChannelFunctions.Wiring wiring = new ChannelFunctions.Wiring(
                board.pci(), ram.memory(), engine::message, engine, ram, ram.directory(), violations, channels::ring);
        try {
            return new ChannelFunctions(configs, wiring, interrupts).notes();
        } catch (IllegalStateException e) {
            throw MachineException.host("the PCI functions of channels", e);
        }
    }

    /** The ports alone: a board that is restarted keeps its PCI functions. */
    void attachPorts(Board board) {
        board.attach(DirectoryLayout.REQUEST_PORT, Integer.BYTES, requests, "channel requests");
        board.attach(DirectoryLayout.DOORBELL_PORT, ChannelSet.PORTS, channels, "doorbells");
    }

    void guestStarts() {
        channels.guestStarts();
    }

    boolean severVanished() {
        return channels.severVanished();
    }

    /** Gives back what a machine holds whose making failed. */
    void discard() {
        events.close();
    }

    void close() throws ErrnoException {
        try {
            channels.close();
        } finally {
            events.close();
        }
    }

    /**
     * Puts a channel's end in place: before the start or while the guest runs, for the first time or again after
     * {@link #revoke}. Its epoch is the next one.
     *
     * @param index position in the directory
     * @param role OUT for the end that writes or signals; must be as configured
     * @param fds memory: memfd, eventfd; event: eventfd; stream: pipe end, credit eventfd; disk: the file; wire:
     *     pipe end. Those that the machine keeps are taken out of this list; what remains stays the caller's
     * @throws MachineException if the channel or the descriptors are not as configured
     * @throws ErrnoException where the host refuses
     */
    public void attach(int index, Direction role, List<Fd> fds) throws MachineException, ErrnoException {
        change(() -> channels.attach(index, role, channels.nextEpoch(index), fds));
    }

    /**
     * As {@link #attach(int, Direction, List)}, with the epoch that the other end has as well.
     *
     * @param index position in the directory
     * @param role OUT for the end that writes or signals; must be as configured
     * @param epoch which opening of the channel this is, above every earlier one
     * @param fds as there
     * @throws MachineException if the channel or the descriptors are not as configured, or it is live
     * @throws ErrnoException where the host refuses
     */
    public void attach(int index, Direction role, int epoch, List<Fd> fds) throws MachineException, ErrnoException {
        change(() -> channels.attach(index, role, epoch, fds));
    }

    /**
     * Adds a channel to the directory, or puts another in a place whose channel is not live: before the start or while the guest runs.
     *
     * @param channel its index is at most one behind the last; a place that is used again keeps its window
     * @throws MachineException if the place is live, or the window is not as it must be
     * @throws ErrnoException where the host refuses
     */
    public void declare(ChannelConfig channel) throws MachineException, ErrnoException {
        change(() -> channels.requireFree(channel));
        List<GuestRam.Piece> added = ram.declare(channel);
        engine.install(added);
        channels.put(channel, life.entered());
    }

    /**
     * Takes a channel away. When this returns, nothing passes through it any more: an inbound window shows zeros, doorbell and interrupt
     * are dead, the directory says so. The guest goes on.
     *
     * @param index position in the directory
     * @throws MachineException if there is no such channel
     * @throws ErrnoException where the host refuses
     */
    public void revoke(int index) throws MachineException, ErrnoException {
        change(() -> channels.revoke(index));
    }

    /** What the daemon wants done with a channel. */
    private interface ChannelChange {
        void run() throws ChannelException, ErrnoException;
    }

    private static void change(ChannelChange change) throws MachineException, ErrnoException {
        try {
            change.run();
        } catch (ChannelException e) {
            throw MachineException.input(e);
        }
    }

    /** Takes every channel away; what cannot be taken away ends the guest. */
    public void severAll() {
        try {
            channels.severAll();
        } catch (ErrnoException e) {
            life.fail("channels cannot be severed: " + e.getMessage());
        }
    }

    /**
     * Answers a guest's request.
     *
     * @param requestId {@link ChannelRequest#id}
     * @param status the outcome
     * @param index position in the directory if granted
     * @param reason one sentence for the guest
     */
    public void answer(long requestId, AnswerStatus status, int index, String reason) {
        requests.answer(requestId, status, index, reason);
    }

    /**
     * What passed through each channel so far.
     *
     * @return one entry for each channel, in directory order
     */
    public List<ChannelCounters> counters() {
        return channels.counters();
    }
}
