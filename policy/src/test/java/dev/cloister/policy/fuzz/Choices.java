package dev.cloister.policy.fuzz;

import java.util.List;

/** Decisions drawn from a fuzzer's bytes: the same bytes, the same decisions; when they run out every decision is 0. */
final class Choices {
    private final byte[] data;
    private int at;

    Choices(byte[] data, int from) {
        this.data = data;
        this.at = from;
    }

    boolean isEmpty() {
        return at >= data.length;
    }

    /** Returns a number from 0 to {@code bound - 1}; {@code bound} is at most 65,536. */
    int below(int bound) {
        int value = next();
        if (bound > 256) {
            value = value << 8 | next();
        }
        return value % bound;
    }

    <T> T of(List<T> list) {
        return list.get(below(list.size()));
    }

    private int next() {
        return at < data.length ? data[at++] & 0xff : 0;
    }
}
