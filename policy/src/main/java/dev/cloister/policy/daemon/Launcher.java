package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.policy.confinement.Confinement;
import dev.cloister.policy.daemon.host.HostDisks;
import dev.cloister.policy.daemon.host.MeasuredImages;
import dev.cloister.policy.daemon.journal.LogFile;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.state.RestoredState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Measures images, on a thread of its own because they may be large, and starts VMM processes with the sealed copies. Loop's thread
 * only, but for the measuring.
 */
final class Launcher implements AutoCloseable {
    private static final String DISK_BYTES = "CLOISTER_DISK_BYTES";

    private final Fabric fabric;
    private final Decider decider;
    private final EventLoop loop;
    /** None where the host has no KVM to give. */
    private final Optional<Fd> kvm;

    private final String noKvm;
    private final Engine engine;
    private final Metering metering;
    private final Map<String, LogFile> logs;
    private final FdStore store;
    private final Confinement confinement;
    private final HostDisks disks;
    /** Disks are measured apart: one of a terabyte shall not keep other domains from starting. */
    private final ExecutorService disking = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("measure-disk-", 0).factory());

    private final ExecutorService measuring = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("measure").factory());

    Launcher(
            Fabric fabric,
            Decider decider,
            EventLoop loop,
            Metering metering,
            Map<String, LogFile> logs,
            DaemonOptions options,
            FdStore store,
            Confinement confinement,
            HostDisks disks) {
        this.disks = disks;
        this.fabric = fabric;
        this.decider = decider;
        this.loop = loop;
        this.metering = metering;
        this.logs = logs;
        this.store = store;
        this.confinement = confinement;
        this.engine = options.vmm().engine();
        Optional<Fd> opened = Optional.empty();
        String missing = "";
        try {
            opened = Optional.of(Linux.open(options.vmm().kvmDevice().toString(), Linux.O_RDWR));
        } catch (ErrnoException e) {
            missing = String.valueOf(e.getMessage());
        }
        this.kvm = opened;
        this.noKvm = missing;
    }

    /**
     * Measures a domain's images and opens and measures its disks; what becomes of it is told on the loop's thread. The images are the
     * taker's to close.
     *
     * @param progress told how far the measuring of large disks is, on the loop's thread
     */
    void measure(Domain domain, Consumer<String> progress, Consumer<MeasuredImages> done, Consumer<String> failed) {
        Policy policy = fabric.policy();
        measuring.execute(() -> attempt(failed, () -> {
            MeasuredImages images = MeasuredImages.load(domain);
            if (HostDisks.has(policy, domain)) {
                disking.execute(() -> attempt(failed, () -> {
                    acquire(policy, images, domain, progress);
                    loop.execute(() -> done.accept(images));
                }));
            } else {
                loop.execute(() -> done.accept(images));
            }
        }));
    }

    private void acquire(Policy policy, MeasuredImages images, Domain domain, Consumer<String> progress)
            throws IOException {
        try {
            images.disks(disks.acquire(policy, domain, text -> loop.execute(() -> progress.accept(text))));
        } catch (IOException | RuntimeException e) {
            images.close();
            throw e;
        }
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private void attempt(Consumer<String> failed, Attempt attempt) {
        try {
            attempt.run();
        } catch (IOException | RuntimeException e) {
            // Also what is our own fault: nobody else would tell the loop that this start has come to nothing.
            String reason = "can't be started: " + describe(e);
            loop.execute(() -> failed.accept(reason));
        }
    }

    /** Opens and measures the disks of a domain whose process an earlier daemon has started; then that is done, on the loop's thread. */
    void measureDisks(DomainRuntime runtime, Runnable then) {
        Policy policy = fabric.policy();
        Domain domain = runtime.domain();
        if (!HostDisks.has(policy, domain)) {
            return;
        }
        Consumer<String> failed = reason -> runtime.note("its disks " + reason);
        disking.execute(() -> attempt(failed, () -> {
            HostDisks.Uses uses = disks.acquire(policy, domain, _ -> {});
            loop.execute(() -> {
                if (!runtime.alive()) {
                    uses.close();
                    return;
                }
                runtime.disks(uses);
                decider.measured(uses.disks());
                then.run();
            });
        }));
    }

    /** Starts the process and hands it its configuration. */
    void spawn(DomainRuntime runtime, MeasuredImages images, Function<DomainRuntime, VmmLink.Listener> listeners)
            throws IOException {
        SerialTap tap = new SerialTap(runtime, fabric, logs, metering, loop);
        boolean input = input(runtime);
        DomainConfig asked = DomainLayout.of(
                fabric.policy(), runtime.domain(), input, images.disks().ranges(), decider);
        DomainConfig config = asked.processor().engine() == Engine.AUTO ? asked.withEngine(engine) : asked;
        List<Fd> fds = new ArrayList<>(kvmFor(config));
        VmmLink.ConsoleRights console = new VmmLink.ConsoleRights(tap.declared(), input);
        VmmLink link = new VmmLink(
                loop,
                new VmmLink.Keep(store, runtime.name()),
                (environment, descriptors) -> confinement.start(
                        fabric.policy(), runtime.domain(), withDisks(environment, images), descriptors),
                console,
                tap,
                runtime.log(),
                listeners.apply(runtime));
        runtime.born(link);
        runtime.disks(images.releaseDisks());
        runtime.directory(new DomainDirectory(fabric.channelsOf(runtime), config.channels()));
        metering.restart(runtime);
        fds.addAll(images.handed());
        fds.add(link.childSerial().out());
        link.childSerial().in().ifPresent(fds::add);
        runtime.onceConfined(Waiting.of(runtime, new ToVmm.Configure(config), fds));
        link.releaseChildSerial();
    }

    /** The process is told before it enters its sandbox whether it will have disks, and how large a file it may write. */
    private static Map<String, String> withDisks(Map<String, String> environment, MeasuredImages images) {
        if (images.disks().disks().isEmpty()) {
            return environment;
        }
        Map<String, String> more = new HashMap<>(environment);
        more.put(DISK_BYTES, Long.toString(images.disks().largestWritten()));
        return more;
    }

    /** The descriptor of KVM, if the engine has a use for it. */
    private List<Fd> kvmFor(DomainConfig config) throws IOException {
        return switch (config.processor().engine()) {
            case EMULATED -> List.of();
            case DIRECT ->
                List.of(kvm.orElseThrow(() -> new IOException(
                        "engine direct needs KVM: " + noKvm + "; make it usable, or let the domain's engine be auto")));
            case AUTO, SHADOW -> kvm.map(List::of).orElseGet(List::of);
        };
    }

    /** The first message, until the process is in its sandbox. */
    private record Waiting(DomainRuntime runtime, ToVmm message, List<Fd> fds) implements DomainRuntime.Configuration {
        static Waiting of(DomainRuntime runtime, ToVmm message, List<Fd> fds) throws ErrnoException {
            List<Fd> own = new ArrayList<>(fds.size());
            try {
                for (Fd fd : fds) {
                    own.add(fd.duplicate());
                }
            } catch (ErrnoException e) {
                own.forEach(Fd::close);
                throw e;
            }
            return new Waiting(runtime, message, own);
        }

        @Override
        public void send() {
            runtime.send(message, fds);
        }

        @Override
        public void close() {
            fds.forEach(Fd::close);
        }
    }

    /** Takes over a domain's process, with its descriptors from the store; returns false if they aren't there. */
    boolean adopt(
            DomainRuntime runtime, RestoredState.Process process, Function<DomainRuntime, VmmLink.Listener> listeners)
            throws IOException {
        DomainConfig config = DomainLayout.of(fabric.policy(), runtime.domain(), input(runtime), List.of(), decider);
        runtime.directory(new DomainDirectory(fabric.channelsOf(runtime), config.channels()));
        SerialTap tap = new SerialTap(runtime, fabric, logs, metering, loop);
        Optional<VmmLink> link = VmmLink.adopt(
                loop,
                new VmmLink.Keep(store, runtime.name()),
                pidfd -> confinement.adopt(process.spawned().pid(), pidfd),
                tap,
                runtime.log(),
                listeners.apply(runtime));
        link.ifPresent(own -> runtime.adopted(own, process));
        return link.isPresent();
    }

    /** Whether the policy declares a flow from the host to the domain's serial line. */
    private boolean input(DomainRuntime runtime) {
        for (Flow flow : fabric.policy().flowsOf(runtime.domain())) {
            if (flow.kind() == FlowKind.CONSOLE && flow.to() == runtime.domain()) {
                return true;
            }
        }
        return false;
    }

    private static String describe(Exception e) {
        return e.getClass() == IOException.class || e instanceof ErrnoException
                ? String.valueOf(e.getMessage())
                : e.getClass().getSimpleName() + ": " + e.getMessage();
    }

    @Override
    public void close() {
        measuring.shutdownNow();
        disking.shutdownNow();
        kvm.ifPresent(Fd::close);
    }
}
