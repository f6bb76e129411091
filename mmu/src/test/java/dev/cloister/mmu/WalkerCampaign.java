package dev.cloister.mmu;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/**
 * A long campaign against {@link WalkerFuzz} by Jazzer, which only the profile {@code fuzz} has on its class path. Arguments: minutes, a
 * folder for the corpus and findings. Ends with Jazzer's exit code: 0 if nothing was found.
 */
public final class WalkerCampaign {
    private static final int SEEDS = 64;

    private WalkerCampaign() {}

    /** Runs the campaign and ends the process. */
    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        Duration time = Duration.ofSeconds(Math.round(60 * Double.parseDouble(arguments[0])));
        Path folder = Path.of(arguments[1]).resolve("walker");
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        Path seeds = Files.createDirectories(folder.resolve("seeds"));
        Random random = new Random(1);
        for (int n = 0; n < SEEDS; n++) {
            Files.write(seeds.resolve("tables-" + n), WalkerFuzzTest.tables(random));
        }
        List<String> options = List.of(
                "--target_class=" + WalkerFuzz.class.getName(),
                "--instrumentation_includes=dev.cloister.mmu.**",
                "--custom_hook_includes=dev.cloister.mmu.**",
                // What judges need not be covered.
                "--instrumentation_excludes=dev.cloister.mmu.ReferenceWalker*:dev.cloister.mmu.WalkerFuzz*",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/",
                "-max_total_time=" + time.toSeconds(),
                "-max_len=4096",
                "-timeout=30",
                "-rss_limit_mb=3000",
                "-print_final_stats=1",
                corpus.toString(),
                seeds.toString());
        try {
            Class.forName("com.code_intelligence.jazzer.Jazzer")
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) options.toArray(new String[0]));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("Jazzer is not on the class path; run it by mvn -Pfuzz", e);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("Jazzer failed", e.getCause());
        }
    }
}
