package dev.cloister.vmm.process;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Mapping;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.config.MachineEvents;
import dev.cloister.vmm.loader.ImageModule;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.virtio.BalloonConfig;
import dev.cloister.vmm.virtio.GrantedRange;
import dev.cloister.vmm.virtio.MemoryConfig;
import dev.cloister.vmm.virtio.SocketConfig;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The descriptors that came with a configuration, sorted and owned, and the machine's configuration made from them. */
final class DomainSetup implements AutoCloseable {
    private static final long MAX_IMAGE = 4L << 30;

    private final @Nullable Fd kvm;
    private final Fd kernel;
    private final @Nullable Fd initrd;
    private final Fd serialOut;
    private final @Nullable Fd serialIn;
    private final List<Mapping> images = new ArrayList<>();
    private final List<GrantedRange> ranges = new ArrayList<>();

    private DomainSetup(@Nullable Fd kvm, Fd kernel, @Nullable Fd initrd, Fd serialOut, @Nullable Fd serialIn) {
        this.kvm = kvm;
        this.kernel = kernel;
        this.initrd = initrd;
        this.serialOut = serialOut;
        this.serialIn = serialIn;
    }

    /**
     * Takes the descriptors over.
     *
     * @param fds kvm where there is one, kernel or firmware, initrd if there is one, serial output, serial input if there is one; emptied
     */
    static DomainSetup take(DomainConfig domain, List<Fd> fds) throws MachineException {
        int images = 2 + (domain.boot().initrd() ? 1 : 0) + (domain.serialIn() ? 1 : 0);
        boolean withKvm = domain.processor().engine() == Engine.DIRECT
                || domain.processor().engine() == Engine.AUTO && fds.size() > images;
        int expected = images + (withKvm ? 1 : 0);
        if (fds.size() != expected) {
            throw MachineException.input("Configure came with " + fds.size() + " descriptors; expected " + expected);
        }
        List<Fd> left = new ArrayList<>(fds);
        fds.clear();
        return new DomainSetup(
                withKvm ? left.removeFirst() : null,
                left.removeFirst(),
                domain.boot().initrd() ? left.removeFirst() : null,
                left.removeFirst(),
                domain.serialIn() ? left.removeFirst() : null);
    }

    /** The host's KVM, to be adopted; null where none was handed over. */
    @Nullable
    Fd kvm() {
        return kvm;
    }

    MachineConfig config(DomainConfig domain, MachineEvents events) throws MachineException, ErrnoException {
        boolean firmware = domain.boot().firmware();
        Mapping image = DescriptorStreams.copyOf(
                kernel, (firmware ? "firmware " : "kernel ") + domain.boot().imageName(), MAX_IMAGE);
        images.add(image);
        BootImage boot = firmware
                ? BootImage.firmware(image.segment())
                : BootImage.kernel(image.segment())
                        .withCommandLine(domain.boot().commandLine());
        if (initrd != null) {
            Mapping modules = DescriptorStreams.copyOf(initrd, "initrd", MAX_IMAGE);
            images.add(modules);
            boot = boot.withModules(List.of(new ImageModule("initrd", modules.segment())));
        }
        MachineConfig.Builder builder = MachineConfig.builder(boot)
                .domain(domain.identity().name(), domain.identity().id())
                .memory(domain.memory().bytes())
                .cpus(domain.processor().cpus())
                .engine(domain.processor().engine())
                .serialOut(DescriptorStreams.output(serialOut))
                .channels(domain.channels())
                .prefault(domain.memory().prefault())
                .pin(domain.processor().pin())
                .cpuModel(domain.processor().model())
                .virtio(virtio(domain))
                .virtioBus(domain.devices().bus())
                .events(events);
        if (serialIn != null) {
            builder.serialIn(DescriptorStreams.input(serialIn));
        }
        return builder.build();
    }

    private VirtioConfig virtio(DomainConfig domain) throws ErrnoException {
        long cid = domain.devices().socketCid();
        Optional<SocketConfig> sockets =
                cid == 0 ? Optional.empty() : Optional.of(new SocketConfig(cid, Optional.empty()));
        long balloon = domain.devices().balloonBytes();
        VirtioConfig devices = new VirtioConfig(true, List.of(), sockets);
        for (DomainConfig.PersistentRange range : domain.devices().persistent()) {
            ranges.add(new GrantedRange(range));
        }
        Optional<BalloonConfig> inflated =
                balloon == DomainConfig.Devices.NO_BALLOON ? Optional.empty() : Optional.of(new BalloonConfig(balloon));
        return devices.withMemory(new MemoryConfig(inflated, List.of(), ranges));
    }

    /** The images are in guest memory: their copies and descriptors can go. */
    void releaseImages() {
        images.forEach(Mapping::close);
        images.clear();
        kernel.close();
        if (initrd != null) {
            initrd.close();
        }
    }

    @Override
    public void close() {
        releaseImages();
        serialOut.close();
        if (serialIn != null) {
            serialIn.close();
        }
    }
}
