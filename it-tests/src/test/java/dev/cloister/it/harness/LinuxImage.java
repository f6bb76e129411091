package dev.cloister.it.harness;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A folder with Debian's kernel and a small root file system, as {@code image linux} makes it. */
public final class LinuxImage {
    /** Fetching takes seconds; a machine that runs many tests at once may give a tenth of a processor. */
    private static final Duration PATIENCE = Duration.ofMinutes(8);

    private LinuxImage() {}

    /**
     * Makes one in a folder of the test's.
     *
     * @param cloister whose folder
     * @param options further options of the command
     * @return the folder; where Debian's packages can't be had, the reason is printed and the test skipped
     */
    public static Path make(Cloister cloister, String... options) throws Exception {
        Path image = cloister.folder().resolve("linux");
        List<String> command = new ArrayList<>(List.of("image", "linux", image.toString()));
        command.addAll(List.of(options));
        try (Running making = cloister.start(command.toArray(String[]::new))) {
            Finished made = making.await(PATIENCE);
            if (made.code() != 0) {
                System.out.println("no Debian kernel here: " + made.err());
            }
            assumeTrue(made.code() == 0, "Debian's kernel can't be had here; the reason is printed above");
        }
        return image;
    }
}
