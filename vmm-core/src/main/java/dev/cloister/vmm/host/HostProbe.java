package dev.cloister.vmm.host;

import dev.cloister.kvm.Kvm;
import dev.cloister.kvm.KvmCapability;
import dev.cloister.linux.ErrnoException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Looks at the host, one check after the other; a failed check does not end the probe. */
public final class HostProbe {
    private static final int JAVA_FEATURE = 25;
    private static final List<KvmCapability> NEEDED = List.of(
            KvmCapability.USER_MEMORY,
            KvmCapability.IRQCHIP,
            KvmCapability.PIT2,
            KvmCapability.IRQFD,
            KvmCapability.IRQ_ROUTING,
            KvmCapability.IOEVENTFD,
            KvmCapability.READONLY_MEM,
            KvmCapability.SYNC_REGS,
            KvmCapability.IMMEDIATE_EXIT);

    /** The name of the check that tells which engine {@code auto} takes. */
    public static final String ENGINE = "engine";

    private static final List<String> KVM_NEEDS = List.of(Kvm.DEVICE, "KVM capabilities");

    private final List<HostCheck> checks = new ArrayList<>();

    private HostProbe() {}

    /** Runs every check; never throws: what fails becomes a finding. */
    public static List<HostCheck> run() {
        HostProbe probe = new HostProbe();
        probe.platform();
        probe.java();
        probe.kvm(true);
        probe.engine();
        probe.checks.addAll(ConfinementChecks.run());
        return List.copyOf(probe.checks);
    }

    /** Runs the checks without which nothing runs, and not the timed one; takes a few milliseconds. */
    public static List<HostCheck> essentials() {
        HostProbe probe = new HostProbe();
        probe.platform();
        probe.java();
        probe.kvm(false);
        probe.engine();
        return List.copyOf(probe.checks);
    }

    /** Returns whether guests can run: nothing is missing. */
    public static boolean canRun(List<HostCheck> checks) {
        return checks.stream().noneMatch(check -> check.verdict() == HostCheck.Verdict.MISSING);
    }

    private void platform() {
        String os = System.getProperty("os.name");
        String arch = System.getProperty("os.arch");
        String found = os + " " + System.getProperty("os.version") + ", " + arch;
        boolean supported = "Linux".equals(os) && "amd64".equals(arch);
        checks.add(
                supported
                        ? HostCheck.ok("platform", found)
                        : HostCheck.missing("platform", found, "Cloister runs on Linux, x86-64"));
    }

    private void java() {
        int feature = Runtime.version().feature();
        String found = "Java " + Runtime.version();
        checks.add(
                feature >= JAVA_FEATURE
                        ? HostCheck.ok("java", found)
                        : HostCheck.missing("java", found, "install JDK 25 or set CLOISTER_JAVA_HOME"));
    }

    private void kvm(boolean timed) {
        if (!Files.exists(Path.of(Kvm.DEVICE))) {
            checks.add(HostCheck.limited(
                    Kvm.DEVICE,
                    "not there",
                    "load kvm_intel or kvm_amd (sudo modprobe kvm_intel), enable virtualisation in the firmware, or "
                            + "nested virtualisation if this is itself a virtual machine"));
            return;
        }
        try (Kvm kvm = Kvm.open()) {
            checks.add(HostCheck.ok(Kvm.DEVICE, "opened, API version " + kvm.apiVersion()));
            capabilities(kvm);
            if (timed) {
                speed(kvm);
            }
        } catch (ErrnoException e) {
            checks.add(HostCheck.limited(Kvm.DEVICE, String.valueOf(e.getMessage()), advice(e)));
        }
    }

    /** Opening the device explains itself where permission is missing. */
    private static String advice(ErrnoException e) {
        return "EACCES".equals(e.errnoName()) || "EPERM".equals(e.errnoName())
                ? ""
                : "another hypervisor may hold the processor's virtualisation; see the kernel log";
    }

    private void capabilities(Kvm kvm) {
        List<String> absent = NEEDED.stream()
                .filter(capability -> !kvm.has(capability))
                .map(capability -> "KVM_CAP_" + capability.name())
                .toList();
        checks.add(
                absent.isEmpty()
                        ? HostCheck.ok("KVM capabilities", "all " + NEEDED.size() + " that are needed")
                        : HostCheck.limited(
                                "KVM capabilities", "absent: " + String.join(", ", absent), "use a newer kernel"));
        checks.add(
                kvm.has(KvmCapability.EXIT_ON_EMULATION_FAILURE)
                        ? HostCheck.ok("emulation failures", "reported with the instruction's bytes")
                        : HostCheck.limited(
                                "emulation failures",
                                "reported without the instruction's bytes",
                                "Linux 5.14 or newer reports them; Cloister reads them from guest memory instead"));
    }

    /** What {@code --engine auto} takes here: direct, if nothing that was found out about KVM speaks against it. */
    private void engine() {
        List<String> unfit = checks.stream()
                .filter(check -> KVM_NEEDS.contains(check.name()) && check.verdict() != HostCheck.Verdict.OK)
                .map(check -> check.name() + " " + check.found())
                .toList();
        checks.add(
                unfit.isEmpty()
                        ? HostCheck.ok(ENGINE, "auto chooses direct: KVM can be used; emulated is there as well")
                        : HostCheck.limited(
                                ENGINE,
                                "auto chooses emulated, because of " + String.join("; ", unfit),
                                "guests find the same machine; its processor is a program, many times slower"));
    }

    private void speed(Kvm kvm) {
        try {
            SupervisorSpeed speed = SupervisorSpeed.measure(kvm);
            String found = String.format(
                    java.util.Locale.ROOT, "%.1f million instructions/s", speed.instructionsPerSecond() / 1e6);
            checks.add(
                    speed.isNative()
                            ? HostCheck.ok("supervisor code", "native, " + found)
                            : HostCheck.limited(
                                    "supervisor code",
                                    "interpreted by KVM, " + found,
                                    "software-assisted KVM: kernels run slowly, 32-bit paging does not work, and what "
                                            + "KVM cannot interpret is completed by Cloister's emulator"));
        } catch (IOException e) {
            checks.add(HostCheck.limited(
                    "supervisor code", String.valueOf(e.getMessage()), "see the kernel log for KVM's reason"));
        }
    }
}
