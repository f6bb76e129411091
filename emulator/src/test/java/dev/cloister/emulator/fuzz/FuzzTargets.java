package dev.cloister.emulator.fuzz;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The targets by their names, as {@code -Dfuzz=NAME} takes them. A finding is anything that a target throws. */
final class FuzzTargets {
    private FuzzTargets() {}

    static Map<String, Supplier<Consumer<byte[]>>> all() {
        Map<String, Supplier<Consumer<byte[]>>> targets = new TreeMap<>();
        targets.put("decoder", DecoderTarget::new);
        targets.put("executor", () -> new ExecutorTarget(false));
        targets.put("blocks", () -> new ExecutorTarget(true));
        return targets;
    }

    static Consumer<byte[]> of(String name) {
        Supplier<Consumer<byte[]>> maker = all().get(name);
        if (maker == null) {
            throw new IllegalArgumentException("-Dfuzz=" + name + ": expected one of " + all().keySet());
        }
        return maker.get();
    }
}
