package dev.cloister.cli.testgen;

import java.util.Locale;

/**
 * One thing that is tried on the running system, and what the decision core says of it.
 *
 * @param number its number, from 1, dense in a suite
 * @param batch the batch that it belongs to, from 0
 * @param deed what is tried
 * @param actor the domain that tries; for {@link Deed#USE} the receiver, or the sender where the host receives
 * @param from the sender of the channel; for {@link Deed#START} the domain
 * @param to the receiver
 * @param kind kind of channel as the policy spells it, "" for {@link Deed#START}
 * @param flow the declared flow, "" where there is none
 * @param granted what is expected
 * @param gate the gate that is expected to refuse, "" where none does
 * @param says the refusal's words as the guest is told them, "" where it is not told any or they may differ
 */
public record Check(
        int number,
        int batch,
        Deed deed,
        String actor,
        String from,
        String to,
        String kind,
        String flow,
        boolean granted,
        String gate,
        String says) {
    /** What a probe tries. */
    public enum Deed {
        /** To be started at all. */
        START,
        /** To send over a declared flow and have it arrive at the other end. */
        USE,
        /** To get a channel by asking for it while running. */
        ASK;

        /** Returns the name used in JSON. */
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Returns what is expected in a word. */
    public String expected() {
        return granted ? "granted" : "refused";
    }

    /** Returns who asks which way, for people: {@code a -> b memory}, asked by the receiver. */
    public String title() {
        return switch (deed) {
            case START -> "start " + from;
            case USE -> "use " + flow;
            case ASK -> kind + (actor.equals(from) ? " asked by sender" : " asked by receiver");
        };
    }
}
