package dev.cloister.policy.confinement;

/** A controller of control groups that is used here, by its names in cgroup v2 and v1, cgroups(7). */
enum Controller {
    MEMORY("memory", "memory"),
    PIDS("pids", "pids"),
    CPU("cpu", "cpu"),
    IO("io", "blkio"),
    CPUSET("cpuset", "cpuset");

    private final String v2;
    private final String v1;

    Controller(String v2, String v1) {
        this.v2 = v2;
        this.v1 = v1;
    }

    String v2() {
        return v2;
    }

    String v1() {
        return v1;
    }
}
