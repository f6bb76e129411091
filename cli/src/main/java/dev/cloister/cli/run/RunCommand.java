package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.image.BootFolder;
import dev.cloister.cli.text.ByteSize;
import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.DebugOptions;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.console.HostEnd;
import dev.cloister.vmm.loader.ImageModule;
import dev.cloister.vmm.process.HeapKeeper;
import dev.cloister.vmm.process.LoneSandbox;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.ReportJson;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cloister run}: one guest, no policy, its serial port on stdio. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Runs one guest without a policy. Its serial port is on stdin and stdout; "
                + "what Cloister itself says is on stderr.",
        footer = {
            "",
            "Exits 0 when the guest powers off or resets, 65 for a bad image, 69 if the host",
            "can't, 70 when the guest fails, 124 on timeout; with --debug-exit the value that",
            "the guest wrote to port 0xf4, as (v << 1 | 1) & 0xff. 133 at a breakpoint of --break",
            "without --gdb. 159 when the sandbox refused",
            "a system call.",
            "",
            "Examples:",
            "  cloister run --kernel vmlinuz --initrd initrd.img \\",
            "      --cmdline 'console=ttyS0 earlyprintk=serial' --memory 512M",
            "  cloister run --image DIR    (a folder of 'cloister image linux DIR')",
            "  cloister run --firmware /usr/share/seabios/bios.bin --timeout 10s",
            "  cloister run --kernel test.elf --debug-exit --report report.json",
        })
public final class RunCommand implements Callable<Integer> {
    private static final int REPORT_SECONDS = 5;

    @Spec
    private CommandSpec spec;

    @ArgGroup(exclusive = false, multiplicity = "1")
    private Source source;

    /** What is booted: firmware, a kernel, a folder with one, or firmware that is handed one. */
    private static final class Source {
        @Option(
                names = "--kernel",
                paramLabel = "FILE",
                description = "Linux bzImage or vmlinux, PVH or Multiboot ELF, or a flat real-mode binary")
        private Path kernel;

        @Option(
                names = "--firmware",
                paramLabel = "FILE",
                description = "firmware, mapped so that it ends at 4 GiB; with --kernel or --image it is handed that"
                        + " kernel, which UEFI and qboot boot")
        private Path firmware;

        @Option(
                names = "--image",
                paramLabel = "DIR",
                description = "folder with vmlinuz, initrd.img and cmdline, as 'cloister image linux' makes it, and"
                        + " disk.img, the first disk, as 'cloister image rootfs' does; --cmdline adds to its"
                        + " command line, --initrd takes the place of its initrd.img")
        private Path folder;
    }

    @Option(
            names = "--initrd",
            paramLabel = "FILE",
            split = ",",
            description = "Linux: the initial RAM disk; Multiboot and PVH: modules, separated by commas, each with"
                    + " its arguments behind a blank: 'vmlinuz console=hvc0,initrd.img'")
    private List<String> initrd = List.of();

    @Option(names = "--cmdline", paramLabel = "TEXT", description = "the kernel's command line")
    private String commandLine = "";

    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            description = "auto, direct or emulated (default: auto, which is direct where KVM can be used)")
    private Engine engine = Engine.AUTO;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description = "guest memory, for example 256M or 2G (default: ${DEFAULT-VALUE})",
            defaultValue = "256M")
    private long memory;

    @Option(names = "--cpus", paramLabel = "N", description = "virtual CPUs (default: ${DEFAULT-VALUE})")
    private int cpus = 1;

    @Option(
            names = "--cpu-model",
            paramLabel = "MODEL",
            converter = CpuModelText.class,
            description =
                    "the processor that the guest is shown: host, v1, v2, v3 or max, then features to add or hide, "
                            + "as in v2,+aes,-x2apic (default: host). cloister cpu-models lists them")
    private String cpuModel = "";

    @Option(names = "--debug-exit", description = "let the guest end the run through port 0xf4")
    private boolean debugExit;

    @Option(
            names = "--test-device",
            description = "give the guest the device that processor test programs drive, as QEMU's pc-testdev")
    private boolean testDevice;

    @Option(names = "--timeout", paramLabel = "TIME", description = "end the run after this time: 500ms, 30s, 5m")
    private Duration timeout = Duration.ZERO;

    @Option(
            names = "--grace",
            paramLabel = "TIME",
            description =
                    "on Ctrl-C or SIGTERM press the power button of a guest that listens to it, and wait this long"
                            + " before its power is cut; 0s cuts at once (default: 60s)")
    private Duration grace = Duration.ofMinutes(1);

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "write what happened as JSON: engine, times, exits by kind, memory")
    private Path report;

    @Option(
            names = "--no-sandbox",
            description =
                    "keep this process's rights; else it enters a sandbox before the guest's first instruction, and a "
                            + "refused system call ends the run with code 159")
    private boolean noSandbox;

    @Mixin
    private PlatformOptionGroup platform;

    @Mixin
    private DeviceOptionGroup devices;

    @Mixin
    private ConsoleOptionGroup consoles;

    @Mixin
    private DebugOptionGroup debugging;

    @Override
    public Integer call() throws CommandFailure, IOException, InterruptedException {
        // Before the guest starts: an unwritable report is known now, not after an hour, and nothing can be opened
        // later.
        try (OutputStream reportTo =
                        report == null ? OutputStream.nullOutputStream() : HostFile.create("report", report);
                HeapKeeper _ = HeapKeeper.start();
                DebugOptionGroup.Opened debug = debugging.open(this::tell);
                Images images = new Images(platform.restarts());
                Machine machine = Machine.open(config(images.arena(), debug.options()))) {
            images.loaded();
            devices.attend(machine, this::tell);
            return attended(machine, debug.options(), reportTo);
        } catch (MachineException e) {
            throw new CommandFailure(e.exitCode(), e.getMessage(), e);
        } finally {
            consoles.close();
        }
    }

    /** What the guest is loaded from: wanted until it is loaded, or, where it may be loaded again, to the end. */
    private static final class Images implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        private final boolean again;
        private boolean open = true;

        Images(boolean again) {
            this.again = again;
        }

        Arena arena() {
            return arena;
        }

        void loaded() {
            if (!again) {
                close();
            }
        }

        @Override
        public void close() {
            if (open) {
                open = false;
                arena.close();
            }
        }
    }

    /** The terminal becomes the guest's before the process is confined, and is the person's again before the report. */
    private int attended(Machine machine, DebugOptions debug, OutputStream reportTo)
            throws CommandFailure, IOException, InterruptedException, MachineException {
        try (ConsoleOptionGroup.Attended terminal = consoles.attend(machine)) {
            confine(debug, new LoneSandbox.Consoles(terminal.terminal().isPresent(), consoles.listeners()));
            return run(machine, reportTo, terminal);
        }
    }

    private void confine(DebugOptions debug, LoneSandbox.Consoles ends) throws CommandFailure {
        if (noSandbox) {
            return;
        }
        try {
            LoneSandbox.enter(devices.opened(), platform.variables(), debug, ends);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.HOST,
                    "this host can't confine the process: " + e.getMessage() + "; --no-sandbox runs all the same",
                    e);
        }
    }

    private int run(Machine machine, OutputStream reportTo, ConsoleOptionGroup.Attended terminal)
            throws IOException, InterruptedException, MachineException {
        CountDownLatch reported = new CountDownLatch(1);
        // Ctrl-C and SIGTERM stop the guest in order, so that its disks are whole and the report is written.
        Thread hook = new Thread(() -> stop(machine, reported), "stop");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            machine.start();
            MachineExit exit = machine.await();
            terminal.close();
            tell(exit, reportTo);
            return exit.exitCode();
        } finally {
            reported.countDown();
        }
    }

    private void stop(Machine machine, CountDownLatch reported) {
        try {
            if (!grace.isZero() && machine.pressPowerButton()) {
                tell("power button pressed; the guest has " + grace.toSeconds() + " s to switch off");
                reported.await(grace.toMillis(), TimeUnit.MILLISECONDS);
            }
            machine.stop();
            reported.await(REPORT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(MachineExit exit, OutputStream reportTo) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        exit.report().notes().forEach(note -> err.println("cloister: " + note));
        if (exit.report().fault() != null) {
            err.println(exit.report().fault().text());
        } else if (exit.exitCode() != 0 && !debugExit) {
            err.println(
                    "cloister: " + exit.outcome().label() + ": " + exit.report().detail());
        }
        err.flush();
        if (report != null) {
            reportTo.write(ReportJson.write(exit.report()).getBytes(StandardCharsets.UTF_8));
        }
    }

    private void tell(String text) {
        PrintWriter err = spec.commandLine().getErr();
        err.println("cloister: " + text);
        err.flush();
    }

    private MachineConfig config(Arena arena, DebugOptions debug) throws CommandFailure, IOException, MachineException {
        BootFolder folder = source.folder == null ? null : new BootFolder(source.folder);
        if (folder != null && source.kernel != null) {
            throw new CommandFailure(ExitCodes.USAGE, "--kernel and --image both name a kernel: expected one of them");
        }
        BootImage image = bootImage(folder, arena);
        HostEnd serial = consoles.openSerial();
        return platform.apply(MachineConfig.builder(image))
                .memory(memory)
                .cpus(cpus)
                .cpuModel(cpuModel)
                .engine(engine)
                .debugExit(debugExit)
                .testDevice(testDevice)
                .timeout(timeout)
                .debug(debug)
                .virtioBus(devices.bus())
                .virtio(devices.open(folder == null ? List.of() : folder.disks())
                        .withConsole(consoles.openDevice()))
                .serialOut(serial.output())
                .serialIn(serial.input())
                .build();
    }

    private BootImage bootImage(BootFolder folder, Arena arena) throws CommandFailure, IOException {
        Path kernel = folder == null ? source.kernel : folder.kernel();
        List<ImageModule> modules = new ArrayList<>();
        for (ModuleOption module : modules(folder)) {
            modules.add(new ImageModule(module.string(), HostFile.read(module.file(), arena)));
        }
        String line =
                folder == null ? commandLine : folder.commandLine((commandLine + " " + consoles.commandLine()).strip());
        return starter(Optional.ofNullable(kernel), arena).withCommandLine(line).withModules(modules);
    }

    private List<ModuleOption> modules(BootFolder folder) {
        List<String> given = folder == null || !initrd.isEmpty()
                ? initrd
                : folder.modules().stream().map(Path::toString).toList();
        return given.stream().map(ModuleOption::of).toList();
    }

    private BootImage starter(Optional<Path> kernel, Arena arena) throws CommandFailure {
        if (source.firmware == null) {
            return BootImage.kernel(HostFile.read(kernel.orElseThrow(), arena));
        }
        BootImage firmware = BootImage.firmware(HostFile.read(source.firmware, arena));
        return kernel.isEmpty() ? firmware : firmware.handing(HostFile.read(kernel.get(), arena));
    }
}
