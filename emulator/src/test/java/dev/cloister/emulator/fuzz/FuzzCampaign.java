package dev.cloister.emulator.fuzz;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A long campaign against one target by Jazzer, which only the profile {@code fuzz} has on its class path. Arguments: the target's
 * name, minutes, a folder for corpora and findings. Ends with Jazzer's exit code: 0 if nothing was found.
 */
public final class FuzzCampaign {
    private FuzzCampaign() {}

    /** Runs the campaign and ends the process. */
    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        String target = arguments[0];
        Duration time = Duration.ofSeconds(Math.round(60 * Double.parseDouble(arguments[1])));
        Path folder = Path.of(arguments[2]).resolve(target);
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        System.setProperty("fuzz", target);
        List<String> options = List.of(
                "--target_class=" + EmulatorFuzz.class.getName(),
                "--instrumentation_includes=dev.cloister.emulator.**:dev.cloister.mmu.**",
                "--instrumentation_excludes=dev.cloister.emulator.fuzz.**",
                "--custom_hook_includes=dev.cloister.emulator.**",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/",
                "-max_total_time=" + time.toSeconds(),
                "-max_len=256",
                "-timeout=60",
                "-rss_limit_mb=3000",
                "-print_final_stats=1",
                corpus.toString());
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
