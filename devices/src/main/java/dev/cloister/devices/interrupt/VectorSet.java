package dev.cloister.devices.interrupt;

/** A set of interrupt vectors as an APIC keeps it in eight 32-bit registers (Intel SDM vol. 3, 11.8.4). */
final class VectorSet {
    private static final int WORDS = 8;

    private final int[] words = new int[WORDS];

    void add(int vector) {
        words[vector >> 5] |= 1 << vector;
    }

    void remove(int vector) {
        words[vector >> 5] &= ~(1 << vector);
    }

    void put(int vector, boolean present) {
        if (present) {
            add(vector);
        } else {
            remove(vector);
        }
    }

    boolean has(int vector) {
        return (words[vector >> 5] & 1 << vector) != 0;
    }

    /** The highest, -1 where it is empty. */
    int highest() {
        for (int i = WORDS - 1; i >= 0; i--) {
            if (words[i] != 0) {
                return i * Integer.SIZE + Integer.SIZE - 1 - Integer.numberOfLeadingZeros(words[i]);
            }
        }
        return -1;
    }

    int word(int index) {
        return words[index];
    }

    void clear() {
        java.util.Arrays.fill(words, 0);
    }
}
