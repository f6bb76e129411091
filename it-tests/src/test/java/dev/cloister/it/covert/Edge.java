package dev.cloister.it.covert;

import java.util.Random;

/**
 * A way to signal from the receiver of a flow to its sender. The flow of the test's policy has the way's name in lower case. Both ends
 * and the test draw the same symbols from the seed.
 */
enum Edge {
    /** Credit of a stream, returned in a slot of the budget's length or not. */
    CREDIT_ON_OFF(300, 2),
    /** Credit of a stream, returned after one of eight pauses, the shortest of the budget's length. */
    CREDIT_GAPS(240, 8),
    /** Word of a datagram's losses, as {@link #CREDIT_GAPS}. */
    LOSS_GAPS(240, 8),
    /** An event's counter filled until no signal fits, or emptied; the sender looks how its own signals fare. */
    EVENT_FULL(400, 2),
    /** The queue of a datagram left full or emptied; the sender looks how fast its own is emptied. */
    DATAGRAM_FULL(250, 2),
    /** The queue of a log left full or emptied, as {@link #DATAGRAM_FULL}. */
    LOG_FULL(250, 2),
    /** A page of a one-way memory touched or not; the sender looks whether there is a page now. */
    MEMORY_PAGES(256, 2),
    /** The answer to an opening of a stream given at once or late; the sender looks when its request is answered. */
    OPENING_DELAY(40, 4);

    /** Bits a second that the policy grants each stream. */
    static final int BUDGET = 100;
    /** Nanoseconds of a slot: one bit of the budget. */
    static final long SLOT = 1_000_000_000L / BUDGET;
    /** Nanoseconds between two of the pauses. */
    static final long STEP = SLOT / 10;
    /** Nanoseconds between two looks at an event. */
    static final long EVENT_SLOT = 5_000_000;
    /** Nanoseconds of a slot of a queue. */
    static final long QUEUE_SLOT = 10_000_000;
    /** Messages that a sender tries to get rid of in a slot: more than the queues of both ends hold. */
    static final int BURST = 96;
    /** Nanoseconds between two delays of an answer. */
    static final long DELAY = 5_000_000;

    private static final long SEED = 20_261;

    private final int symbols;
    private final int values;

    Edge(int symbols, int values) {
        this.symbols = symbols;
        this.values = values;
    }

    /** The flow's name. */
    String flow() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    static Edge of(String flow) {
        return valueOf(flow.toUpperCase(java.util.Locale.ROOT).replace('-', '_'));
    }

    /** What is sent. */
    int[] symbols() {
        return new Random(SEED + ordinal()).ints(symbols, 0, values).toArray();
    }

    /** The slot of the board that says when it begins. */
    int beginSlot() {
        return 2 * ordinal();
    }

    /** The slot of the board that says that the sender's observations are written. */
    int doneSlot() {
        return 2 * ordinal() + 1;
    }
}
