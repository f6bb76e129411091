package dev.cloister.vmm.engine.direct;

import dev.cloister.vmm.report.Report;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Counts by mnemonic in a fixed table: a guest can't make it grow. One thread counts; another may read slightly old numbers.
 * Counting allocates nothing as long as mnemonics are shared strings.
 */
public final class MnemonicCounts {
    /** How many different mnemonics are kept apart. */
    static final int CAPACITY = 128;

    private final String[] names = new String[CAPACITY];
    private final long[] counts = new long[CAPACITY];
    private long other;
    private long total;

    /** Counts one. */
    void add(String mnemonic) {
        total++;
        int slot = Math.floorMod(mnemonic.hashCode(), CAPACITY);
        for (int probes = 0; probes < CAPACITY; probes++) {
            String name = names[slot];
            if (name == null) {
                names[slot] = mnemonic;
                counts[slot] = 1;
                return;
            }
            if (name.equals(mnemonic)) {
                counts[slot]++;
                return;
            }
            slot = slot + 1 & CAPACITY - 1;
        }
        other++;
    }

    /** How many were counted. */
    long total() {
        return total;
    }

    /** The counts, most frequent first. */
    List<Report.Count> list() {
        List<Report.Count> result = new ArrayList<>();
        for (int i = 0; i < CAPACITY; i++) {
            if (names[i] != null) {
                result.add(new Report.Count(names[i], counts[i]));
            }
        }
        result.sort(Comparator.comparingLong(Report.Count::count).reversed().thenComparing(Report.Count::name));
        if (other > 0) {
            result.add(new Report.Count("other", other));
        }
        return result;
    }
}
