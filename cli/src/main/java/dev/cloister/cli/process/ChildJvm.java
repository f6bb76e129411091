package dev.cloister.cli.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of the daemon's and the VMM's processes: this very Java, class path and AOT cache. */
public final class ChildJvm {
    private static final String DAEMON = "dev.cloister.policy.daemon.PolicyDaemonMain";
    private static final String VMM = "dev.cloister.vmm.process.VmmMain";
    private static final String BROKER = "dev.cloister.vmm.vsock.SocketBrokerMain";

    private ChildJvm() {}

    /** Returns the daemon's command line up to its own options. */
    public static List<String> daemon() {
        return java(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"), DAEMON);
    }

    /**
     * Returns the VMM's command line. It shall open no path that it was not handed: no performance-data file, no attach
     * socket, no core; the compiler's library is loaded at once and not when first needed; and its heap is bounded, whatever its
     * guest does.
     */
    public static List<String> vmm() {
        return java(
                List.of(
                        "-Xms8m",
                        "-Xmx128m",
                        "-Xss512k",
                        "-XX:-UsePerfData",
                        "-XX:+DisableAttachMechanism",
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:+UnlockDiagnosticVMOptions",
                        "-XX:-DelayCompilerStubsGeneration"),
                VMM);
    }

    /** Returns the command line of a guest's socket broker up to the path. */
    public static List<String> broker() {
        return java(List.of("-Xmx32m", "-Xss512k", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"), BROKER);
    }

    private static List<String> java(List<String> options, String mainClass) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:+UseSerialGC");
        command.add("-Xlog:disable");
        command.add("--enable-native-access=ALL-UNNAMED");
        // The library that unpacks zstd kernels uses it; the JVM would warn of that on stderr.
        command.add("--sun-misc-unsafe-memory-access=allow");
        command.addAll(options);
        String dist = System.getProperty("cloister.dist");
        if (dist != null && Files.isReadable(Path.of(dist, "cloister.aot"))) {
            command.add("-XX:AOTCache=" + Path.of(dist, "cloister.aot"));
        }
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(mainClass);
        return command;
    }
}
