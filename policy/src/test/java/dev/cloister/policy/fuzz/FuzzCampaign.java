package dev.cloister.policy.fuzz;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
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
        Path seeds = Files.createDirectories(folder.resolve("seeds"));
        int number = 0;
        for (String seed : Seeds.policies()) {
            Files.writeString(seeds.resolve("document-" + number++), seed, StandardCharsets.UTF_8);
            Files.write(
                    seeds.resolve("decisions-" + number), new byte[] {FuzzTarget.STRUCTURED, (byte) number, 3, 2, 1});
        }
        for (Path file : Seeds.regressions(target)) {
            Files.write(seeds.resolve("regression-" + file.getFileName()), Seeds.read(file));
        }
        System.setProperty("fuzz", target);
        List<String> options = List.of(
                "--target_class=" + PolicyFuzz.class.getName(),
                "--instrumentation_includes=dev.cloister.policy.**",
                "--custom_hook_includes=dev.cloister.policy.**",
                // What makes and judges the inputs need not be covered.
                "--instrumentation_excludes=dev.cloister.policy.fuzz.**:dev.cloister.policy.text.LiteralJson"
                        + ":dev.cloister.policy.text.RandomJson",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/",
                "-max_total_time=" + time.toSeconds(),
                "-max_len=8192",
                "-timeout=10",
                "-rss_limit_mb=3000",
                "-print_final_stats=1",
                corpus.toString(),
                seeds.toString());
        jazzer(options.toArray(new String[0]));
    }

    private static void jazzer(String[] options) throws ReflectiveOperationException {
        Class<?> jazzer;
        try {
            jazzer = Class.forName("com.code_intelligence.jazzer.Jazzer");
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("Jazzer is not on the class path; run it by mvn -Pfuzz", e);
        }
        try {
            jazzer.getMethod("main", String[].class).invoke(null, (Object) options);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("Jazzer failed", e.getCause());
        }
    }
}
