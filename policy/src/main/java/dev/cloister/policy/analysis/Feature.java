package dev.cloister.policy.analysis;

/**
 * What the language can ask for beyond the kinds of channel, and whether this release makes it. Whoever makes one changes its
 * line here; everything else follows: the notes of {@code policy check}, the refusal at {@code up}, the page in docs/analyses.
 */
public enum Feature {
    /** {@code cpus.pin}. */
    PINNED_CPUS("CPUs pinned to host CPUs", true),
    /** {@code cpus.exclusive}. */
    EXCLUSIVE_CPUS("exclusive CPUs", true),
    /** {@code memory.hugePages}. */
    HUGE_PAGES("memory of huge pages", false),
    /** {@code memory.prefault}. */
    PREFAULT("memory that is touched before the start", true),
    /** {@code cgroup}. */
    CGROUP("limits of a control group", true),
    /** {@code cpuid}. */
    CPUID("a processor model of its own", true),
    /** {@code image.firmware}. */
    FIRMWARE("firmware", true),
    /** {@code image.firmware} together with {@code image.kernel}. */
    FIRMWARE_WITH_KERNEL("firmware that is handed a kernel", false),
    /** {@code engine: shadow}. */
    SHADOW_ENGINE("the shadow engine", false),
    /** {@code restart}. */
    RESTART("restarts", true),
    /** {@code onUnexpectedExit}: {@code halt}. */
    HALT_ON_EXIT("the end of everything with one domain", true),
    /** {@code when}. */
    WINDOWS("windows of time", true),
    /** {@code quota} of a flow or a guard. */
    QUOTAS("quotas", true),
    /** {@code conflicts}. */
    CONFLICTS("conflict sets", true),
    /** {@code schedule}. */
    SCHEDULE("a cyclic schedule", true);

    private final String words;
    private final boolean made;

    Feature(String words, boolean made) {
        this.words = words;
        this.made = made;
    }

    /** Returns what it is, in words that follow "asks for". */
    public String words() {
        return words;
    }

    /** Returns whether this release makes and enforces it. */
    public boolean made() {
        return made;
    }
}
