package dev.cloister.policy.model;

/**
 * One thing that confines VMM processes, by the name that a policy's {@code confinement.require} uses.
 */
public enum Protection {
    /** A list of system calls, with a listener. */
    SECCOMP("seccomp", "an allow-list of system calls that names what it refuses"),
    /** Rights to name things. */
    LANDLOCK("landlock", "Landlock"),
    /** Namespaces of its own. */
    NAMESPACES("namespaces", "namespaces (user, mount, pid, net, ipc, uts, cgroup)"),
    /** Limits of a control group. */
    CGROUP("cgroup", "control group limits of memory and processes"),
    /** CPUs of its own. */
    EXCLUSIVE_CPUS("exclusiveCpus", "CPUs that nothing else on the host runs on");

    private final String jsonName;
    private final String words;

    Protection(String jsonName, String words) {
        this.jsonName = jsonName;
        this.words = words;
    }

    /** Returns the name in a policy. */
    public String jsonName() {
        return jsonName;
    }

    /** Returns it in words. */
    public String words() {
        return words;
    }
}
