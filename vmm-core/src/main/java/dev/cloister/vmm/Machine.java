package dev.cloister.vmm;

import dev.cloister.devices.SerialInputPump;
import dev.cloister.devices.StreamSink;
import dev.cloister.devices.Waiting;
import dev.cloister.kvm.Kvm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.vmm.board.Board;
import dev.cloister.vmm.board.ConsoleTail;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.channel.Violations;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.FirmwareVariables;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.MachineState;
import dev.cloister.vmm.config.Violation;
import dev.cloister.vmm.engine.Engine;
import dev.cloister.vmm.engine.MachineDebug;
import dev.cloister.vmm.engine.VcpuBody;
import dev.cloister.vmm.loader.ImageException;
import dev.cloister.vmm.loader.ImageLoader;
import dev.cloister.vmm.loader.LoadOptions;
import dev.cloister.vmm.loader.LoadedImage;
import dev.cloister.vmm.loader.MemoryMap;
import dev.cloister.vmm.memory.GuestRam;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.Report;
import dev.cloister.vmm.virtio.Balloon;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The machine of one guest: {@link #create}, attach {@link #channels}, {@link #start}, {@link #await}, {@link #close}. Pause, resume,
 * stop, revoke and the questions may come from any thread at any time, also while the guest spins or halts. Owns everything native
 * that it was made from or handed, and gives it back in {@link #close}.
 */
public final class Machine implements AutoCloseable {
    private static final long CONSOLE_STUCK_NANOS = 2_000_000_000L;
    private static final int CONSOLE_BYTES = 64 << 10;

    private final MachineConfig config;
    private final long createdAt;
    private final Engine engine;
    private final RunControl control;
    private final GuestRam ram;
    private final Violations violations;
    private final StreamSink console;
    private final Board board;
    private final MachineChannels channels;
    private final @Nullable MachineDebug debug;
    private final List<String> notes = new ArrayList<>();
    private final VcpuThreads threads;
    private final AtomicBoolean over = new AtomicBoolean();
    /** Why the machine ended although a vCPU thread has not; null where all have, or may still. */
    private volatile RunControl.@Nullable End held;

    private volatile @Nullable Thread watcher;

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
        this.threads = new VcpuThreads(config.domain().name());
        this.engine = engine;
        this.ram = ram;
        this.control = new RunControl(config.processor().cpus(), engine);
        this.violations = new Violations((kind, detail, suppressed) ->
                config.watch().events().violation(new Violation(kind, detail, suppressed)));
        this.console = new StreamSink(
                config.console().out(),
                CONSOLE_BYTES,
                CONSOLE_STUCK_NANOS,
                "console-" + config.domain().name());
        this.board =
                new Board(config, ram.memory(), control, violations, new Board.Wires(new ConsoleTail(console), engine));
        this.channels = new MachineChannels(config, engine, ram, violations, board.deviceEnds(), new Life());
        this.debug = config.watch().debug().isActive() ? new MachineDebug(config, control, ram.memory()) : null;
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
            notes.addAll(channels.attachTo(board, config.devices().channels()));
            notes.addAll(prepare());
            done = true;
        } finally {
            if (!done) {
                console.close();
                channels.discard();
                if (debug != null) {
                    debug.close();
                }
            }
        }
    }

    /** Fills memory and connects the parts; returns what the loader has to say. */
    private List<String> prepare() throws ErrnoException, MachineException {
        // A guest that runs without a daemon finds a page without channels.
        MachineConfig.Domain domain = config.domain();
        DirectoryLayout.write(
                ram.directory(), domain.id(), domain.name(), config.devices().channels());
        LoadedImage loaded = load();
        engine.install(ram.pieces());
        if (debug != null) {
            debug.image(loaded.format());
            engine.debugWith(debug);
        }
        engine.connect(ram, board, control, loaded.entry(), new Threads());
        return loaded.notes();
    }

    private LoadedImage load() throws MachineException {
        BootImage image = config.boot().image();
        boolean handed = image.handed() != null;
        LoadOptions options = new LoadOptions(
                image.format(),
                MemoryMap.pc(config.memory().bytes()),
                handed ? "" : image.commandLine(),
                handed ? List.of() : image.modules(),
                image.flatAddress(),
                board.acpi(),
                board.kernelParameters());
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
            if (firstEntryAt == 0) {
                firstEntryAt = nanoTime;
                config.watch().events().firstInstruction(nanoTime);
            }
        }

        @Override
        public boolean severVanished() {
            return channels.severVanished() || failed(config.memoryLoss());
        }

        @Override
        public void allEnded() {
            if (control.restarts()) {
                // This is the last vCPU's thread, which has to end first.
                Thread.ofPlatform().name("restart-" + config.domain().name()).start(Machine.this::restart);
            } else {
                ended(null);
            }
        }
    }

    /** Tells everybody of the end, once; with a reason where a vCPU thread is left behind, which may own any device's or debugger's lock. */
    private void ended(RunControl.@Nullable End leaving) {
        if (!over.compareAndSet(false, true)) {
            return;
        }
        held = leaving;
        endedAt = System.nanoTime();
        become(MachineState.STOPPED);
        if (debug != null && leaving == null) {
            debug.ended();
        }
        control.setOver();
    }

    /** Nothing that a vCPU thread waits for in the host, such as a pipe that nobody reads, keeps the machine from its end. */
    private void watchEnd() {
        Duration patience = config.watch().patience();
        if (!control.awaitEnd(patience.toNanos())) {
            String decided = control.end().outcome().label();
            RunControl.End left = new RunControl.End(
                    Outcome.HOST_FAILURE,
                    "the host holds vCPUs: " + patience.toMillis() + " ms after the guest's end (" + decided + ") "
                            + String.join("; ", threads.places()),
                    0,
                    null);
            // Only a restart gives way to this: whatever else was decided has been said in the text.
            control.finish(left);
            ended(left);
        }
    }

    /** After the vCPUs' threads: everything as at the start, but with what the host has opened. */
    private synchronized void restart() {
        boolean runs = false;
        try {
            threads.join();
            if (control.restarts()) {
                board.restart();
                channels.attachPorts(board);
                ram.clear();
                engine.reset();
                prepare();
                runs = control.rearm();
            }
        } catch (ErrnoException | MachineException | RuntimeException | Error e) {
            control.finish(new RunControl.End(Outcome.HOST_FAILURE, "restarting the machine: " + e, 0, null));
        }
        if (runs) {
            run();
        } else {
            ended(null);
        }
    }

    private void run() {
        if (debug == null || debug.start(engine)) {
            engine.startTime();
            control.resume();
        }
        threads.start(engine.vcpus());
    }

    /** What the channels ask of the machine's life. */
    private final class Life implements MachineChannels.Life {
        @Override
        public boolean entered() {
            return state != MachineState.CREATED;
        }

        @Override
        public void fail(String reason) {
            Machine.this.fail(reason);
        }
    }

    private void become(MachineState next) {
        state = next;
        config.watch().events().stateChanged(next);
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
        InputStream in = config.console().in();
        if (in != null) {
            input = new SerialInputPump(
                    board.serial(), in, "serial-in-" + config.domain().name());
        }
        become(MachineState.RUNNING);
        channels.guestStarts();
        board.start();
        run();
        watcher = Thread.ofPlatform()
                .daemon()
                .name("end-" + config.domain().name())
                .start(this::watchEnd);
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

    /** Sends a break on the serial line. */
    public void sendBreak() {
        board.serial().sendBreak();
    }

    /**
     * Presses the guest's power button (ACPI 6.5, 4.8.3.1.1.1). A guest that listens to it shuts down in order and switches off, or does not:
     * the caller waits as long as it likes and then calls {@link #stop}.
     *
     * @return whether the guest runs and has enabled the button's event; otherwise nothing will come of it
     */
    public synchronized boolean pressPowerButton() {
        return state == MachineState.RUNNING && board.pressPowerButton();
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
    public void fail(String reason) {
        end(new RunControl.End(Outcome.HOST_FAILURE, reason, 0, null));
    }

    private boolean failed(String reason) {
        if (!reason.isEmpty()) {
            fail(reason);
        }
        return !reason.isEmpty();
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
     * Waits for the guest's end, or for the configured timeout, which ends it. Where a call to the host holds a vCPU thread beyond the
     * configured patience, the machine has failed: the report tells where that thread stands.
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
        long timeout = config.watch().timeout().toNanos();
        if (timeout > 0) {
            long left = Math.max(1, startedAt + timeout - System.nanoTime());
            if (!control.awaitThreads(left)) {
                String detail = "no end within " + config.watch().timeout();
                control.finish(new RunControl.End(Outcome.TIMEOUT, detail, 0, null));
            }
        }
        control.awaitThreads(0);
        if (held == null) {
            threads.join();
        }
        if (Thread.interrupted()) {
            throw new InterruptedException("while the vCPUs' last threads ended");
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
            String traceNote = debug == null || held != null ? "" : debug.endTrace();
            if (!traceNote.isEmpty()) {
                notes.add(traceNote);
            }
            known = Conclusion.of(this);
            exit = known;
        }
        return known;
    }

    /**
     * The channels that the daemon gives the machine and takes from it.
     *
     * @return the same object each time
     */
    public MachineChannels channels() {
        return channels;
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
     * The guest's memory balloon.
     *
     * @return nothing if the machine was made without one
     */
    public Optional<Balloon> balloon() {
        return board.balloon();
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

    /** When the first guest instruction ran, and where the guest's memory lies; for the conclusion. */
    Conclusion.Facts facts() {
        RunControl.End left = held;
        return new Conclusion.Facts(
                config,
                createdAt,
                firstEntryAt,
                endedAt,
                left != null ? left : control.end(),
                left == null,
                engine,
                board,
                violations.count(),
                ram.hostRanges(),
                notes);
    }

    /** Waits for the vCPUs' threads, but not for one that is left behind; whether there is none. */
    private boolean vcpusGone() {
        Thread watching = watcher;
        if (watching != null) {
            Waiting.join(watching);
        }
        if (held == null) {
            threads.join();
        }
        return !threads.alive();
    }

    /**
     * Ends the guest if it still runs, and gives back threads, descriptors and memory. A second call does nothing. Where a call to the host
     * holds a vCPU thread, what that may touch stays as it is until it has ended and this is called again, or the process ends, which
     * should then be soon.
     */
    @Override
    public void close() {
        stop();
        if (!vcpusGone()) {
            console.close();
            return;
        }
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
            FirmwareVariables variables = config.boot().variables();
            if (variables != null) {
                variables.close();
            }
        }
    }
}
