package dev.cloister.vmm;

import dev.cloister.devices.SerialInputPump;
import dev.cloister.devices.StreamSink;
import dev.cloister.kvm.Kvm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.protocol.AnswerStatus;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm.ChannelCounters;
import dev.cloister.vmm.channel.ChannelException;
import dev.cloister.vmm.channel.ChannelSet;
import dev.cloister.vmm.channel.RequestPage;
import dev.cloister.vmm.channel.Violations;
import dev.cloister.vmm.loader.ImageException;
import dev.cloister.vmm.loader.ImageLoader;
import dev.cloister.vmm.loader.LoadOptions;
import dev.cloister.vmm.loader.LoadedImage;
import dev.cloister.vmm.loader.MemoryMap;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The machine of one guest: {@link #create}, {@link #attach} channels, {@link #start}, {@link #await}, {@link #close}. Pause, resume,
 * stop, revoke and the questions may come from any thread at any time, also while the guest spins or halts. Owns everything native
 * that it was made from or handed, and gives it back in {@link #close}.
 */
public final class Machine implements AutoCloseable {
    private static final long CONSOLE_STUCK_NANOS = 2_000_000_000L;
    private static final int CONSOLE_BYTES = 64 << 10;
    private static final int STACK_BYTES = 512 << 10;

    private final MachineConfig config;
    private final long createdAt;
    private final Engine engine;
    private final RunControl control;
    private final GuestRam ram;
    private final Violations violations;
    private final StreamSink console;
    private final Board board;
    private final ChannelSet channels;
    private final RequestPage requests;
    private final @Nullable MachineDebug debug;
    private final List<String> notes = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    private @Nullable SerialInputPump input;
    private @Nullable MachineExit exit;
    private boolean started;
    private boolean closed;
    private long startedAt;
    private volatile long firstEntryAt;
    private volatile long endedAt;
    private volatile MachineState state = MachineState.CREATED;

    private Machine(Engine engine, GuestRam ram, MachineConfig config, long createdAt)
            throws ErrnoException, MachineException {
        this.config = config;
        this.createdAt = createdAt;
        this.engine = engine;
        this.ram = ram;
        this.control = new RunControl(config.cpus(), engine);
        this.violations = new Violations(
                (kind, detail, suppressed) -> config.events().violation(new Violation(kind, detail, suppressed)));
        this.console =
                new StreamSink(config.serialOut(), CONSOLE_BYTES, CONSOLE_STUCK_NANOS, "console-" + config.name());
        this.board = new Board(
                config,
                ram.memory(),
                control,
                violations,
                new Board.Wires(new ConsoleTail(console), engine, engine::guestNanos));
        this.channels = new ChannelSet(config.channels(), engine, ram, violations);
        this.requests = new RequestPage(
                ram.request(),
                (id, kind, direction, peer) -> config.events().request(new ChannelRequest(id, kind, direction, peer)),
                violations);
        this.debug = config.debug().isActive() ? new MachineDebug(config, control, ram.memory()) : null;
        assemble();
    }

    /**
     * Makes a machine for a process that may open {@code /dev/kvm} itself, where the engine needs it.
     *
     * @param config what to make
     * @return the machine, to be closed by the caller
     * @throws MachineException for a bad configuration or image (exit code 65), or where the host refuses (69)
     */
    public static Machine open(MachineConfig config) throws MachineException {
        try {
            return make(EngineChoice.open(config), config);
        } catch (ErrnoException e) {
            throw MachineException.host(e.getMessage() + "; cloister doctor says how to fix it", e);
        }
    }

    /**
     * Makes a machine: host memory, virtual machine, devices; loads the image. No guest instruction runs yet.
     *
     * @param kvm the host's KVM, or null where there is none to be had; the machine closes it, also when this fails
     * @param config what to make
     * @return the machine, to be closed by the caller
     * @throws MachineException for a bad configuration or image (exit code 65)
     * @throws ErrnoException where the host refuses
     */
    public static Machine create(@Nullable Kvm kvm, MachineConfig config) throws MachineException, ErrnoException {
        return make(EngineChoice.with(kvm, config), config);
    }

    private static Machine make(EngineChoice choice, MachineConfig config) throws MachineException, ErrnoException {
        long now = System.nanoTime();
        GuestRam ram = null;
        Machine made = null;
        try {
            ram = new GuestRam(config);
            made = new Machine(choice.engine(), ram, config, now);
            made.notes.addAll(choice.notes());
            return made;
        } finally {
            if (made == null) {
                choice.engine().close();
                if (ram != null) {
                    ram.close();
                }
            }
        }
    }

    private void assemble() throws ErrnoException, MachineException {
        boolean done = false;
        try {
            board.attach(DirectoryLayout.REQUEST_PORT, Integer.BYTES, requests, "channel requests");
            board.attach(DirectoryLayout.DOORBELL_PORT, ChannelSet.PORTS, channels, "doorbells");
            DirectoryPages.write(ram.directory(), config);
            LoadedImage loaded = load();
            notes.addAll(loaded.notes());
            engine.install(ram.pieces());
            if (debug != null) {
                debug.image(loaded.format());
                engine.debugWith(debug);
            }
            engine.connect(ram, board, control, loaded.entry(), new Threads());
            done = true;
        } finally {
            if (!done) {
                console.close();
                if (debug != null) {
                    debug.close();
                }
            }
        }
    }

    private LoadedImage load() throws MachineException {
        BootImage image = config.image();
        LoadOptions options = new LoadOptions(
                image.format(),
                MemoryMap.pc(config.memoryBytes()),
                image.commandLine(),
                image.modules(),
                image.flatAddress(),
                board.acpi());
        try {
            return ImageLoader.load(image.bytes(), ram.sink(), options);
        } catch (ImageException e) {
            throw MachineException.input(e);
        }
    }

    /** What vCPU threads tell the machine. */
    private final class Threads implements VcpuBody.Owner {
        @Override
        public void firstEntry(long nanoTime) {
            firstEntryAt = nanoTime;
            config.events().firstInstruction(nanoTime);
        }

        @Override
        public boolean severVanished() {
            return channels.severVanished();
        }

        @Override
        public void allEnded() {
            endedAt = System.nanoTime();
            become(MachineState.STOPPED);
            if (debug != null) {
                debug.ended();
            }
        }
    }

    private void become(MachineState next) {
        state = next;
        config.events().stateChanged(next);
    }

    /**
     * Starts the vCPUs. A second call, or one after {@link #stop}, does nothing.
     */
    public synchronized void start() {
        if (started || closed || state == MachineState.STOPPED) {
            return;
        }
        started = true;
        startedAt = System.nanoTime();
        InputStream in = config.serialIn();
        if (in != null) {
            input = new SerialInputPump(board.serial(), in, "serial-in-" + config.name());
        }
        for (VcpuBody body : engine.vcpus()) {
            String name = "vcpu-" + config.name() + "-" + threads.size();
            threads.add(new Thread(null, body, name, STACK_BYTES, false));
        }
        become(MachineState.RUNNING);
        channels.guestStarts();
        board.start();
        if (debug == null || debug.start(engine)) {
            engine.startTime();
            control.resume();
        }
        threads.forEach(Thread::start);
    }

    /**
     * Makes every vCPU stand still; returns when they do. Without effect before the start and after the end.
     *
     * @return true if the machine is now paused
     */
    public synchronized boolean pause() {
        if (state != MachineState.RUNNING || !control.pause()) {
            return false;
        }
        engine.stopTime();
        become(MachineState.PAUSED);
        return true;
    }

    /**
     * Undoes {@link #pause}.
     *
     * @return true if the machine runs again
     */
    public synchronized boolean resume() {
        if (state != MachineState.PAUSED) {
            return false;
        }
        engine.startTime();
        if (!control.resume()) {
            return false;
        }
        become(MachineState.RUNNING);
        return true;
    }

    /** Ends the guest as if its power were cut. Returns at once; {@link #await} tells when it is done. */
    public void stop() {
        end(new RunControl.End(Outcome.STOPPED, "", 0, null));
    }

    /**
     * Ends the guest because something around it failed.
     *
     * @param reason one line
     */
    void fail(String reason) {
        end(new RunControl.End(Outcome.HOST_FAILURE, reason, 0, null));
    }

    private void end(RunControl.End reason) {
        control.finish(reason);
        synchronized (this) {
            if (!started && state != MachineState.STOPPED) {
                // No thread will ever say so.
                become(MachineState.STOPPED);
            }
        }
    }

    /**
     * Waits for the guest's end, or for the configured timeout, which ends it.
     *
     * @return how it ended, with the report; the same object each time
     * @throws InterruptedException if the waiting thread is interrupted; the guest goes on
     */
    public MachineExit await() throws InterruptedException {
        boolean running;
        synchronized (this) {
            running = started;
            if (!started && state != MachineState.STOPPED) {
                throw new IllegalStateException("the machine was never started");
            }
        }
        if (running) {
            awaitThreads();
        }
        return conclude();
    }

    private void awaitThreads() throws InterruptedException {
        long timeout = config.timeout().toNanos();
        if (timeout > 0) {
            long left = Math.max(1, startedAt + timeout - System.nanoTime());
            if (!control.awaitThreads(left)) {
                String detail = "no end within " + config.timeout();
                control.finish(new RunControl.End(Outcome.TIMEOUT, detail, 0, null));
            }
        }
        control.awaitThreads(0);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private synchronized MachineExit conclude() {
        MachineExit known = exit;
        if (known == null) {
            console.flush(CONSOLE_STUCK_NANOS);
            long dropped = console.dropped();
            if (dropped > 0) {
                notes.add(dropped + " bytes of console output were dropped: nobody read them in time");
            }
            String traceNote = debug == null ? "" : debug.endTrace();
            if (!traceNote.isEmpty()) {
                notes.add(traceNote);
            }
            known = Conclusion.of(this);
            exit = known;
        }
        return known;
    }

    /**
     * Puts a channel's end in place: before the start or while the guest runs, for the first time or again after
     * {@link #revoke}. Its epoch is the next one.
     *
     * @param index position in the directory
     * @param role OUT for the end that writes or signals; must be as configured
     * @param fds memory: memfd, eventfd; event: eventfd; stream: pipe end, credit eventfd. Those that the machine keeps are taken out of
     *     this list; what remains stays the caller's
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
        channels.put(channel, state != MachineState.CREATED);
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
            fail("channels cannot be severed: " + e.getMessage());
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
     * Where the machine is in its life.
     *
     * @return the state
     */
    public MachineState state() {
        return state;
    }

    /**
     * The engine that executes the guest.
     *
     * @return never {@code AUTO}
     */
    public dev.cloister.policy.model.Engine engine() {
        return engine.kind();
    }

    /**
     * Exits by kind so far, those that occurred, most frequent first. Numbers of running vCPUs may be a little old.
     *
     * @return names and counts
     */
    public List<Report.Count> exits() {
        return Conclusion.exits(engine.vcpus());
    }

    /**
     * Instructions that the emulator completed so far.
     *
     * @return a count
     */
    public long emulatedInstructions() {
        long sum = 0;
        for (VcpuBody vcpu : engine.vcpus()) {
            sum += vcpu.emulated();
        }
        return sum;
    }

    /**
     * What passed through each channel so far.
     *
     * @return one entry for each channel, in directory order
     */
    public List<ChannelCounters> channelCounters() {
        return channels.counters();
    }

    /** When the first guest instruction ran, and where the guest's memory lies; for the conclusion. */
    Conclusion.Facts facts() {
        return new Conclusion.Facts(
                config,
                createdAt,
                firstEntryAt,
                endedAt,
                control.end(),
                engine,
                board,
                violations.count(),
                ram.hostRanges(),
                notes);
    }

    /** Ends the guest if it still runs, and gives back threads, descriptors and memory. A second call does nothing. */
    @Override
    public void close() {
        stop();
        boolean interrupted = joinThreads();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            SerialInputPump pump = input;
            if (pump != null) {
                pump.close();
            }
            console.close();
            board.close();
            if (debug != null) {
                debug.close();
            }
            try {
                channels.close();
            } catch (ErrnoException e) {
                // The virtual machine goes next, and with it everything that was bound to it.
                notes.add("closing a channel failed: " + e.getMessage());
            }
            engine.close();
            ram.close();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean joinThreads() {
        boolean interrupted = false;
        for (Thread thread : List.copyOf(threads)) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        return interrupted;
    }
}
