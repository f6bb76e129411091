package dev.cloister.mmu.shadow;

import java.util.Arrays;

/** One shadow table: its place in the monitor's memory, and its entries as they will be once every change is applied. */
final class ShadowTable {
    /** What a leaf came from: nothing. */
    static final byte NO_ORIGIN = 0;

    final long gpa;
    final long[] entries = new long[ShadowEntry.ENTRIES];
    /** For leaf tables: the binary logarithm of the guest's page of which this is a piece, plus {@link #KEYED}. */
    final byte[] origins = new byte[ShadowEntry.ENTRIES];
    /** Set in an origin whose rights depend on a protection key other than 0. */
    static final byte KEYED = 64;

    final ShadowTable[] children = new ShadowTable[ShadowEntry.ENTRIES];
    /** 1 for a table of leaves. */
    int level;

    ShadowTable(long gpa) {
        this.gpa = gpa;
    }

    void reset(int newLevel) {
        level = newLevel;
        Arrays.fill(entries, 0);
        Arrays.fill(origins, NO_ORIGIN);
        Arrays.fill(children, null);
    }

    int originShift(int index) {
        return origins[index] & ~KEYED;
    }

    boolean isKeyed(int index) {
        return (origins[index] & KEYED) != 0;
    }

    long entryGpa(int index) {
        return gpa + 8L * index;
    }
}
