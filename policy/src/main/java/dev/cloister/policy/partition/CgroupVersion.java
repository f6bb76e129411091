package dev.cloister.policy.partition;

/** The two freezers of Linux: cgroup-v2.rst ("cgroup.freeze") and cgroup-v1/freezer-subsystem.rst. */
enum CgroupVersion {
    /** One file of every group; what is killed dies at once, also while it is stopped. */
    V2("cgroup v2 freezer", "cgroup.freeze", "1", "0", "cgroup.events", "frozen 1", "cgroup.threads"),
    /** A hierarchy of its own; what is killed dies once it is let go. */
    V1("cgroup v1 freezer", "freezer.state", "FROZEN", "THAWED", "freezer.state", "FROZEN", "tasks");

    private final String words;
    private final String control;
    private final String frozen;
    private final String thawed;
    private final String state;
    private final String stopped;
    private final String threads;

    CgroupVersion(
            String words, String control, String frozen, String thawed, String state, String stopped, String threads) {
        this.words = words;
        this.control = control;
        this.frozen = frozen;
        this.thawed = thawed;
        this.state = state;
        this.stopped = stopped;
        this.threads = threads;
    }

    String words() {
        return words;
    }

    /** The file by which a group is stopped and resumed. */
    String control() {
        return control;
    }

    String frozen() {
        return frozen;
    }

    String thawed() {
        return thawed;
    }

    /** The file that says whether a group stands ... */
    String state() {
        return state;
    }

    /** ... by containing this. */
    String stopped() {
        return stopped;
    }

    /** The file that lists the threads of a group. */
    String threads() {
        return threads;
    }
}
