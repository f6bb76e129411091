package dev.cloister.devices.pci;

import dev.cloister.devices.InterruptLine;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * The router between interrupt pins and the inputs of the 8259s, for guests that don't use the I/O APIC (Intel ICH9 data sheet, 316972,
 * 5.8.6 and 13.1.17: PIRQA to PIRQH). Pins of slots n, n + 8, … are one of eight routes. Any thread.
 *
 * <p>Each function that asserts its pin makes an edge on the input, also while another holds it high: a guest that left the input
 * edge-triggered loses no interrupt by sharing, and level-triggered it is the same.
 */
final class PinRouter {
    /** How many routes there are. */
    static final int ROUTES = 8;

    /** No input of the 8259s. */
    static final int NONE = -1;

    /**
     * Inputs that no other device of the machine drives, as bits: 3, 5 to 7, 10, 11, 14 and 15. A route to one of the others is a route to
     * none.
     */
    private static final int FREE = 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15;

    private static final int INPUTS = 16;
    /** Slots of route 0. */
    private static final int SLOTS = 0x0101_0101;

    private final InterruptLine[] inputs = new InterruptLine[INPUTS];
    private final int[] routes = new int[ROUTES];
    /** Slots that assert their pins, as bits. */
    private int asserted;

    /** A router whose routes all lead nowhere. */
    PinRouter(IntFunction<InterruptLine> lines) {
        for (int irq = 0; irq < INPUTS; irq++) {
            inputs[irq] = isFree(irq) ? lines.apply(irq) : InterruptLine.NONE;
        }
        Arrays.fill(routes, NONE);
    }

    private static boolean isFree(int irq) {
        return (FREE >> irq & 1) != 0;
    }

    /** A slot's pin, as its function drives it. */
    InterruptLine pin(int slot) {
        return high -> drive(slot, high);
    }

    private synchronized void drive(int slot, boolean high) {
        int irq = routes[slot % ROUTES];
        boolean before = isHigh(irq);
        asserted = high ? asserted | 1 << slot : asserted & ~(1 << slot);
        if (irq == NONE) {
            return;
        }
        if (before && high) {
            inputs[irq].setLevel(false);
            inputs[irq].setLevel(true);
        } else if (before != isHigh(irq)) {
            inputs[irq].setLevel(high);
        }
    }

    /**
     * Where a route leads from now on.
     *
     * @param route 0 to 7
     * @param irq 0 to 15, or {@link #NONE}
     */
    synchronized void route(int route, int irq) {
        int next = irq != NONE && isFree(irq) ? irq : NONE;
        int last = routes[route];
        if (next == last) {
            return;
        }
        boolean lastBefore = isHigh(last);
        boolean nextBefore = isHigh(next);
        routes[route] = next;
        settle(last, lastBefore);
        settle(next, nextBefore);
    }

    private void settle(int irq, boolean before) {
        if (irq != NONE && isHigh(irq) != before) {
            inputs[irq].setLevel(!before);
        }
    }

    private boolean isHigh(int irq) {
        int slots = 0;
        for (int i = 0; i < ROUTES; i++) {
            slots |= routes[i] == irq ? SLOTS << i : 0;
        }
        return irq != NONE && (asserted & slots) != 0;
    }
}
