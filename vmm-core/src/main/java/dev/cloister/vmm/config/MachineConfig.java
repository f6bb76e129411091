package dev.cloister.vmm.config;

import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.VirtioBus;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.vmm.processor.CpuModels;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Everything a machine is made from, by concern. Made by {@link #builder}; immutable.
 *
 * @param domain whose machine it is
 * @param processor its virtual CPUs and what executes them
 * @param memory its guest RAM
 * @param boot what it boots, and what follows when it reboots
 * @param console its serial console
 * @param devices its devices and channels
 * @param watch who looks at the run
 */
public record MachineConfig(
        Domain domain, Processor processor, Memory memory, Boot boot, Console console, Devices devices, Watch watch) {
    /**
     * Whose machine it is.
     *
     * @param name the domain's name, for messages, threads and the directory page
     * @param id the domain's identity on the directory page
     */
    public record Domain(String name, UUID id) {}

    /**
     * The virtual CPUs.
     *
     * @param cpus how many, 1..64
     * @param engine what shall execute the guest
     * @param model the processor that the guest is shown, as {@link CpuModels} reads it; empty: the engine's own
     * @param pin host CPUs that the vCPU threads may run on; empty: any
     */
    public record Processor(int cpus, Engine engine, String model, List<Integer> pin) {
        /** Copies the list. */
        public Processor {
            pin = List.copyOf(pin);
        }
    }

    /**
     * Guest RAM.
     *
     * @param bytes its size, a multiple of 4096
     * @param prefault whether all of it is touched when the machine is made
     */
    public record Memory(long bytes, boolean prefault) {}

    /**
     * From power-on to the guest's own end.
     *
     * @param image what it boots
     * @param variables the flash memory in which firmware keeps its variables, or null; the machine closes it
     * @param onReboot what follows when the guest resets the machine; a machine that is looked at always ends
     */
    public record Boot(BootImage image, @Nullable FirmwareVariables variables, OnReboot onReboot) {}

    /**
     * COM1 and the debug ports.
     *
     * @param out where they print; the machine flushes but never closes it
     * @param in what COM1 receives, or null for nothing; read by a daemon thread, never closed
     * @param firmwareLog whether what firmware writes to its debug port is printed with what the guest prints
     */
    public record Console(OutputStream out, @Nullable InputStream in, boolean firmwareLog) {}

    /**
     * Devices and channels.
     *
     * @param virtio virtio devices; the machine closes the disks' files
     * @param bus where the guest finds the virtio devices
     * @param channels channels in directory order; attached with {@code MachineChannels.attach} before or after the start
     * @param debugExit whether port 0xf4 ends the machine with a chosen exit code
     * @param testDevice whether the machine has the device that processor test programs drive, see {@link dev.cloister.devices.TestDevice}
     */
    public record Devices(
            VirtioConfig virtio, VirtioBus bus, List<ChannelConfig> channels, boolean debugExit, boolean testDevice) {
        /** Copies the list. */
        public Devices {
            channels = List.copyOf(channels);
        }
    }

    /**
     * Who looks at the run.
     *
     * @param events who is told
     * @param debug how the guest is looked at
     * @param timeout the longest time from start to end, or zero for none
     * @param patience how long a vCPU thread may take to end once the guest's end is decided; one that a call to the host holds for longer
     *     is left behind
     */
    public record Watch(MachineEvents events, DebugOptions debug, Duration timeout, Duration patience) {}

    /** Guest memory where nothing else is asked for: 256 MiB. */
    public static final long DEFAULT_MEMORY = 256L << 20;

    /** How long a vCPU thread may take to end where nothing else is asked for: less than a policy daemon waits for an answer. */
    public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(25);

    /** The most vCPUs. */
    public static final int MAX_CPUS = 64;

    /** The least guest memory: real mode's first MiB. */
    public static final long MIN_MEMORY = 1L << 20;

    /** The most guest memory: what fits between 4 GiB and 1 TiB. */
    public static final long MAX_MEMORY = 1L << 40;

    private static final long PAGE = 4096;

    /**
     * Starts a configuration: one vCPU, {@link #DEFAULT_MEMORY}, engine auto, no debug exit, output dropped, no input, no timeout.
     *
     * @param image what it boots
     * @return a builder
     */
    public static Builder builder(BootImage image) {
        return new Builder(image);
    }

    /**
     * Checks what a machine can be made from.
     *
     * @throws MachineException with what is wrong and what was expected
     */
    public void validate() throws MachineException {
        boolean memoryFits = memory.bytes() >= MIN_MEMORY && memory.bytes() <= MAX_MEMORY && memory.bytes() % PAGE == 0;
        require(
                memoryFits,
                "guest memory of " + memory.bytes() + " bytes; expected a multiple of 4096 from " + MIN_MEMORY + " to "
                        + MAX_MEMORY);
        int cpus = processor.cpus();
        require(cpus >= 1 && cpus <= MAX_CPUS, cpus + " vCPUs; expected 1 to " + MAX_CPUS);
        CpuModels.require(processor.model());
        require(boot.image().bytes().byteSize() > 0, "the image is empty; give a kernel, a flat binary or firmware");
        FirmwareVariables variables = boot.variables();
        if (variables != null) {
            variables.require(boot.image());
        }
        List<ChannelConfig> channels = devices.channels();
        for (int i = 0; i < channels.size(); i++) {
            int index = channels.get(i).index();
            require(index == i, "channel at position " + i + " has index " + index + "; expected directory order");
        }
    }

    /**
     * Why host memory failed under an access: a file that was made shorter.
     *
     * @return one sentence, or the empty text if there is none that can have failed
     */
    public String memoryLoss() {
        String loss = devices.virtio().memory().loss();
        FirmwareVariables variables = boot.variables();
        return loss.isEmpty() && variables != null ? variables.loss() : loss;
    }

    private static void require(boolean condition, String otherwise) throws MachineException {
        if (!condition) {
            throw MachineException.input(otherwise);
        }
    }

    /** Collects a configuration. Not thread-safe. */
    public static final class Builder {
        private String name = "guest";
        private UUID id = new UUID(0, 0);
        private long memoryBytes = DEFAULT_MEMORY;
        private int cpus = 1;
        private Engine engine = Engine.AUTO;
        private final BootImage image;
        private boolean debugExit;
        private boolean testDevice;
        private OutputStream serialOut = OutputStream.nullOutputStream();
        private @Nullable InputStream serialIn;
        private List<ChannelConfig> channels = List.of();
        private Duration timeout = Duration.ZERO;
        private Duration patience = DEFAULT_PATIENCE;
        private MachineEvents events = MachineEvents.NONE;
        private boolean prefault;
        private DebugOptions debug = DebugOptions.NONE;
        private List<Integer> pin = List.of();
        private String cpuModel = "";
        private VirtioConfig virtio = VirtioConfig.DEFAULT;
        private VirtioBus bus = VirtioBus.PCI;
        private boolean firmwareLog;
        private @Nullable FirmwareVariables firmwareVariables;
        private OnReboot onReboot = OnReboot.EXIT;

        private Builder(BootImage image) {
            this.image = image;
        }

        /**
         * Sets who the domain is.
         *
         * @param domainName its name
         * @param domainId its identity
         * @return this
         */
        public Builder domain(String domainName, UUID domainId) {
            this.name = domainName;
            this.id = domainId;
            return this;
        }

        /**
         * Sets guest RAM.
         *
         * @param bytes a multiple of 4096, 1 MiB or more
         * @return this
         */
        public Builder memory(long bytes) {
            this.memoryBytes = bytes;
            return this;
        }

        /**
         * Sets the number of vCPUs.
         *
         * @param count 1..64
         * @return this
         */
        public Builder cpus(int count) {
            this.cpus = count;
            return this;
        }

        /**
         * Sets the engine.
         *
         * @param kind the engine
         * @return this
         */
        public Builder engine(Engine kind) {
            this.engine = kind;
            return this;
        }

        /**
         * Offers the test device or not.
         *
         * @param offered whether the guest finds {@link dev.cloister.devices.TestDevice}
         * @return this
         */
        public Builder testDevice(boolean offered) {
            this.testDevice = offered;
            return this;
        }

        /**
         * Offers the debug-exit port or not.
         *
         * @param offered whether port 0xf4 ends the machine
         * @return this
         */
        public Builder debugExit(boolean offered) {
            this.debugExit = offered;
            return this;
        }

        /**
         * Sets where the guest's output goes.
         *
         * @param out written by one thread of the machine
         * @return this
         */
        public Builder serialOut(OutputStream out) {
            this.serialOut = out;
            return this;
        }

        /**
         * Sets the guest's input.
         *
         * @param in read by one daemon thread
         * @return this
         */
        public Builder serialIn(InputStream in) {
            this.serialIn = in;
            return this;
        }

        /**
         * Sets the channels.
         *
         * @param list in directory order
         * @return this
         */
        public Builder channels(List<ChannelConfig> list) {
            this.channels = list;
            return this;
        }

        /**
         * Bounds the run.
         *
         * @param longest from start to end; zero for no bound
         * @return this
         */
        public Builder timeout(Duration longest) {
            this.timeout = longest;
            return this;
        }

        /**
         * Bounds how long vCPU threads may take to end.
         *
         * @param longest from the decision that the guest ends; more than zero
         * @return this
         */
        public Builder patience(Duration longest) {
            this.patience = longest;
            return this;
        }

        /**
         * Sets who is told of changes, violations and requests.
         *
         * @param listener the listener
         * @return this
         */
        public Builder events(MachineEvents listener) {
            this.events = listener;
            return this;
        }

        /**
         * Sets whether all guest memory is touched when the machine is made, so that none is missing later.
         *
         * @param touched whether
         * @return this
         */
        public Builder prefault(boolean touched) {
            this.prefault = touched;
            return this;
        }

        /**
         * Sets how the guest is looked at.
         *
         * @param options the options
         * @return this
         */
        public Builder debug(DebugOptions options) {
            this.debug = options;
            return this;
        }

        /**
         * Sets where vCPU threads may run.
         *
         * @param hostCpus numbers of host CPUs; empty: any
         * @return this
         */
        public Builder pin(List<Integer> hostCpus) {
            this.pin = hostCpus;
            return this;
        }

        /**
         * Sets the virtio devices.
         *
         * @param devices which
         * @return this
         */
        public Builder virtio(VirtioConfig devices) {
            this.virtio = devices;
            return this;
        }

        /**
         * Sets where the guest finds the virtio devices.
         *
         * @param place PCI or windows outside it
         * @return this
         */
        public Builder virtioBus(VirtioBus place) {
            this.bus = place;
            return this;
        }

        /**
         * Sets whether firmware's log is printed.
         *
         * @param printed whether what SeaBIOS writes to port 0x402 appears between what the guest prints
         * @return this
         */
        public Builder firmwareLog(boolean printed) {
            this.firmwareLog = printed;
            return this;
        }

        /**
         * Sets where firmware keeps its variables.
         *
         * @param variables flash memory right below the firmware, or null for none
         * @return this
         */
        public Builder firmwareVariables(@Nullable FirmwareVariables variables) {
            this.firmwareVariables = variables;
            return this;
        }

        /**
         * Sets what follows when the guest resets the machine.
         *
         * @param wanted end or restart
         * @return this
         */
        public Builder onReboot(OnReboot wanted) {
            this.onReboot = wanted;
            return this;
        }

        /**
         * Sets the processor that the guest is shown.
         *
         * @param choice such as {@code v2,-avx2,+aes}; empty: the engine's own
         * @return this
         */
        public Builder cpuModel(String choice) {
            this.cpuModel = choice;
            return this;
        }

        /**
         * Makes the configuration; it is checked when a machine is made from it.
         *
         * @return the configuration
         */
        public MachineConfig build() {
            return new MachineConfig(
                    new Domain(name, id),
                    new Processor(cpus, engine, cpuModel, pin),
                    new Memory(memoryBytes, prefault),
                    new Boot(image, firmwareVariables, onReboot),
                    new Console(serialOut, serialIn, firmwareLog),
                    new Devices(virtio, bus, channels, debugExit, testDevice),
                    new Watch(events, debug, timeout, patience));
        }
    }
}
