package dev.cloister.policy.confinement;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The files by which a controller's limit is set: Documentation/admin-guide/cgroup-v2.rst, and cgroup-v1/ for version 1.
 *
 * @param limit the file of the limit itself
 */
record GroupFiles(Hierarchy place, Controller controller, Path group, Path limit) {
    private static final int PERIOD_MICROS = 100_000;
    private static final int PERCENT = 100;

    /** The files of a controller in a group; empty where this kernel has none. */
    static Optional<GroupFiles> of(Hierarchy place, Controller controller, Path group) {
        return names(place.v2(), controller).stream()
                .map(group::resolve)
                .filter(Files::exists)
                .findFirst()
                .map(limit -> new GroupFiles(place, controller, group, limit));
    }

    private static List<String> names(boolean v2, Controller controller) {
        return switch (controller) {
            case MEMORY -> List.of(v2 ? "memory.max" : "memory.limit_in_bytes");
            case PIDS -> List.of("pids.max");
            case CPU -> List.of(v2 ? "cpu.max" : "cpu.cfs_quota_us");
            case IO -> v2 ? List.of("io.weight") : List.of("blkio.bfq.weight", "blkio.weight");
            case CPUSET -> List.of("cpuset.cpus");
        };
    }

    /** Sets what the limits say of this controller. */
    void apply(GroupLimits limits) throws IOException {
        switch (controller) {
            case MEMORY -> memory(limits.memoryBytes());
            case PIDS -> set(limit, Integer.toString(limits.pids()));
            case CPU -> cpu(limits.cpuPercent());
            case IO -> set(limit, Integer.toString(limits.ioWeight()));
            case CPUSET -> exclusive(limits.exclusiveCpus());
        }
    }

    private void memory(long bytes) throws IOException {
        set(limit, Long.toString(bytes));
        // Swap would be a way around, and a copy of a guest's memory on disk.
        if (place.v2()) {
            setIfThere("memory.swap.max", "0");
            setIfThere("memory.oom.group", "1");
        } else {
            setIfThere("memory.memsw.limit_in_bytes", Long.toString(bytes));
        }
    }

    private void cpu(int percent) throws IOException {
        long quota = (long) percent * PERIOD_MICROS / PERCENT;
        if (place.v2()) {
            set(limit, quota + " " + PERIOD_MICROS);
        } else {
            set(group.resolve("cpu.cfs_period_us"), Integer.toString(PERIOD_MICROS));
            set(limit, Long.toString(quota));
        }
    }

    private void exclusive(List<Integer> cpus) throws IOException {
        set(limit, cpus.stream().map(String::valueOf).collect(Collectors.joining(",")));
        Path partition = group.resolve("cpuset.cpus.partition");
        set(partition, "root");
        String answer = Files.readString(partition).strip();
        if (!answer.equals("root")) {
            throw new IOException(partition + ": the kernel answers \"" + answer + "\" to \"root\"; expected that CPUs "
                    + cpus + " can be taken from everything else");
        }
    }

    private void setIfThere(String name, String value) throws IOException {
        Path file = group.resolve(name);
        if (Files.exists(file)) {
            set(file, value);
        }
    }

    private static void set(Path file, String value) throws IOException {
        try {
            Files.writeString(file, value);
        } catch (IOException e) {
            throw new IOException(file + " can't be set to \"" + value + "\": " + e.getMessage(), e);
        }
    }
}
