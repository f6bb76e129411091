package dev.cloister.it.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the whole-machine benchmarks compare: {@code cloister run}, and QEMU. Both interpret or translate the guest, unless the
 * environment says {@code QEMU_ACCEL=kvm}, for hosts whose KVM executes a guest's kernel natively: then both use KVM.
 */
final class Contender {
    private static final String ACCELERATOR = System.getenv().getOrDefault("QEMU_ACCEL", "tcg");
    private static final boolean KVM = ACCELERATOR.equals("kvm");
    private static final String QEMU = "qemu-system-x86_64";

    private Contender() {}

    /** How Cloister is called in a table. */
    static String ours() {
        return "cloister, " + engine();
    }

    /** How QEMU is called in a table. */
    static String theirs() {
        return "QEMU, " + (KVM ? "KVM" : "TCG");
    }

    static boolean hasQemu() {
        return NativePeer.installed(QEMU).isPresent();
    }

    /** A process to be started; the launcher doesn't build first, which would take minutes and the other contender's time. */
    static ProcessBuilder process(List<String> command) {
        ProcessBuilder process = new ProcessBuilder(command);
        process.environment().put("CLOISTER_BUILD", "never");
        return process;
    }

    private static String engine() {
        return KVM ? "direct" : "emulated";
    }

    /** The start of a command line, from the launcher that users run. */
    static List<String> cloister(Path root, String memory) {
        return new ArrayList<>(
                List.of(root.resolve("cloister").toString(), "run", "--engine", engine(), "--memory", memory));
    }

    /** The start of a command line: a q35 without any device but the serial port, on stdin and stdout. */
    static List<String> qemu(String memory) {
        List<String> command = new ArrayList<>(List.of(QEMU, "-M", "q35", "-accel", ACCELERATOR, "-m", memory));
        if (KVM) {
            command.addAll(List.of("-cpu", "host"));
        }
        command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"));
        return command;
    }
}
