package dev.cloister.devices.virtio;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A long campaign against one device by Jazzer, which only the profile {@code fuzz} has on its class path. Arguments: the target's name,
 * minutes, a folder for corpora and findings. Ends with Jazzer's exit code: 0 if nothing was found.
 */
public final class FuzzCampaign {
    private static final int SEEDS = 64;

    private FuzzCampaign() {}

    private static Class<?> targetClass(String target) {
        return switch (target) {
            case "pci" -> PciFuzz.class;
            case "ivshmem" -> IvshmemFuzz.class;
            default -> VirtioFuzz.class;
        };
    }

    /** Runs the campaign and ends the process. */
    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        String target = arguments[0];
        Duration time = Duration.ofSeconds(Math.round(60 * Double.parseDouble(arguments[1])));
        Path folder = Path.of(arguments[2]).resolve(target);
        Path corpus = Files.createDirectories(folder.resolve("corpus"));
        Path seeds = Files.createDirectories(folder.resolve("seeds"));
        SplittableRandom random = new SplittableRandom(1);
        for (int n = 0; n < SEEDS; n++) {
            Files.write(seeds.resolve("steps-" + n), VirtioFuzzTest.input(random));
        }
        System.setProperty("fuzz", target);
        List<String> options = List.of(
                "--target_class=" + targetClass(target).getName(),
                "--instrumentation_includes=dev.cloister.devices.**",
                "--instrumentation_excludes=dev.cloister.devices.virtio.Fuzz*:dev.cloister.devices.virtio.VirtioFuzz*",
                "--custom_hook_includes=dev.cloister.devices.**",
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
            throw new IllegalStateException("Jazzer is not on the class path; run it by mvn -Pfuzz", e);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("Jazzer failed", e.getCause());
        }
    }
}
