package dev.cloister.devices.virtio.balloon;

/** What a guest may tell of its memory, by the tags of virtio 1.2, 5.5.6.3. All but the counts of events are bytes. */
public enum BalloonStat {
    /** Read back from swap, in bytes since the guest's start. */
    SWAP_IN("swapped-in"),
    /** Written to swap, in bytes since the guest's start. */
    SWAP_OUT("swapped-out"),
    /** Page faults that needed a disk. */
    MAJOR_FAULTS("major-faults"),
    /** Page faults that did not. */
    MINOR_FAULTS("minor-faults"),
    /** Not used for anything. */
    FREE("free"),
    /** What the guest has at all. */
    TOTAL("total"),
    /** An estimate of what programs could get without swapping. */
    AVAILABLE("available"),
    /** Caches that could be dropped at once. */
    CACHES("caches"),
    /** Huge pages that were got. */
    HUGE_PAGES("huge-pages"),
    /** Huge pages that could not be got. */
    HUGE_PAGE_FAILURES("huge-page-failures");

    private final String label;

    BalloonStat(String label) {
        this.label = label;
    }

    /**
     * Its name in messages.
     *
     * @return lower case, words joined by hyphens
     */
    public String label() {
        return label;
    }
}
