package dev.cloister.policy.model;

import java.util.Arrays;
import java.util.List;

/**
 * The windows in which something is allowed: several lists of windows; it is allowed while of each list at least one window is
 * open. The policy states at most one list, each fragment may add one: so fragments only narrow.
 */
public final class When {
    /** Always. */
    public static final When ALWAYS = new When(new long[0]);

    private final long[] anyOf;

    private When(long[] anyOf) {
        this.anyOf = anyOf;
    }

    /**
     * Returns this and one more condition.
     *
     * @param windows bit {@code i} set: window {@code i} is on the list; not 0
     */
    public When and(long windows) {
        if (windows == 0) {
            throw new IllegalArgumentException("an empty list of windows would be never");
        }
        long[] more = Arrays.copyOf(anyOf, anyOf.length + 1);
        more[anyOf.length] = windows;
        return new When(more);
    }

    /** Returns whether there is any condition. */
    public boolean restricted() {
        return anyOf.length > 0;
    }

    /**
     * Returns whether it is allowed. Allocates nothing.
     *
     * @param openWindows bit {@code i} set: window {@code i} is open
     */
    public boolean open(long openWindows) {
        for (long any : anyOf) {
            if ((any & openWindows) == 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns the lists: of each, bit {@code i} set: window {@code i} is on it. */
    public List<Long> lists() {
        return Arrays.stream(anyOf).boxed().toList();
    }

    /** Returns the bits of every window that is on any list. */
    public long windows() {
        long all = 0;
        for (long any : anyOf) {
            all |= any;
        }
        return all;
    }
}
