package dev.cloister.vmm.debug.gdb;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A long campaign against the GDB stub by Jazzer, which only the profile {@code fuzz-gdb} has on its class path. Arguments: minutes, a folder for
 * corpus and findings. Ends with Jazzer's exit code: 0 if nothing was found.
 */
public final class GdbCampaign {
    private static final int SEEDS = 64;

    private GdbCampaign() {}

    /** Runs the campaign and ends the process. */
    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        Duration time = Duration.ofSeconds(Math.round(60 * Double.parseDouble(arguments[0])));
        Path folder = Path.of(arguments[1]).resolve("gdb");
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        Path seeds = Files.createDirectories(folder.resolve("seeds"));
        SplittableRandom random = new SplittableRandom(1);
        for (int n = 0; n < SEEDS; n++) {
            byte[] steps = new byte[random.nextInt(40, 440)];
            random.nextBytes(steps);
            Files.write(seeds.resolve("steps-" + n), steps);
        }
        List<String> options = List.of(
                "--target_class=" + GdbFuzz.class.getName(),
                "--instrumentation_includes=dev.cloister.vmm.debug.**",
                "--instrumentation_excludes=dev.cloister.vmm.debug.gdb.GdbFuzz*:dev.cloister.vmm.debug.gdb.FakeMachine*",
                "--custom_hook_includes=dev.cloister.vmm.debug.**",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/",
                "-max_total_time=" + time.toSeconds(),
                "-max_len=1024",
                "-timeout=60",
                "-rss_limit_mb=3000",
                "-print_final_stats=1",
                corpus.toString(),
                seeds.toString());
        try {
            Class.forName("com.code_intelligence.jazzer.Jazzer")
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) options.toArray(new String[0]));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("Jazzer is not on the class path; run it by mvn -Pfuzz-gdb", e);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("Jazzer failed", e.getCause());
        }
    }
}
