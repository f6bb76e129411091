package dev.cloister.it.harness;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.kvm.Kvm;
import dev.cloister.linux.ErrnoException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a test needs of its host; where it is missing the test is skipped and says why. */
public final class Host {
    private Host() {}

    /** Needs a KVM that can be used. */
    public static void needsKvm() {
        String missing = "";
        try {
            Kvm.open().close();
        } catch (ErrnoException e) {
            missing = "skipped, no KVM here: " + e.getMessage();
        }
        need(missing);
    }

    /** Needs the right to make mount namespaces: root in most containers has it. */
    public static void needsMountNamespace() throws IOException, InterruptedException {
        boolean can;
        try {
            Process probe = new ProcessBuilder(List.of("unshare", "-m", "mount", "-t", "tmpfs", "none", "/tmp"))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            can = probe.waitFor(10, TimeUnit.SECONDS) && probe.exitValue() == 0;
        } catch (IOException e) {
            can = false;
        }
        need(can ? "" : "skipped, needs a mount namespace of its own (unshare -m, as root)");
    }

    /**
     * Needs something that the test has looked for itself.
     *
     * @param there whether it was found
     * @param otherwise what is missing
     */
    public static void needs(boolean there, String otherwise) {
        need(there ? "" : "skipped, " + otherwise);
    }

    private static void need(String missing) {
        if (!missing.isEmpty()) {
            System.out.println(missing);
        }
        assumeTrue(missing.isEmpty(), missing);
    }
}
