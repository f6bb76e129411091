package dev.cloister.policy.render;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.SourcePosition;

/**
 * An edge as drawn.
 *
 * @param from where it starts
 * @param to where it ends
 * @param kind kind of the flow that is, or induces, it
 * @param name name of that flow
 * @param sort what sort of edge it is
 * @param budget of a reverse edge in bits per second; 0 where there is none
 * @param position where the policy declares the flow
 */
record GraphEdge(
        Endpoint from, Endpoint to, FlowKind kind, String name, Sort sort, long budget, SourcePosition position) {
    /** What sort of edge it is. */
    enum Sort {
        /** A flow that labels allow. */
        GRANTED("granted"),
        /** A flow that only a guard makes legal. */
        MEDIATED("mediated"),
        /** A declared flow that a static gate refuses. */
        REFUSED("refused"),
        /** A reverse edge with a budget. */
        BUDGETED("budgeted"),
        /** A reverse edge that nothing allows. */
        LEAK("leak"),
        /** A reverse edge that the labels allow; it isn't drawn. */
        LEGAL("legal");

        private final String css;

        Sort(String css) {
            this.css = css;
        }

        String css() {
            return css;
        }

        boolean reverse() {
            return this == BUDGETED || this == LEAK || this == LEGAL;
        }

        boolean drawn() {
            return this != LEGAL;
        }

        /** Whether information may take it. */
        boolean open() {
            return this != REFUSED;
        }
    }

    /** Returns a sentence for people. */
    String words() {
        String line = name + " (" + kind.jsonName() + "): " + from.name() + " → " + to.name();
        return switch (sort) {
            case GRANTED -> line;
            case MEDIATED -> line + ", made legal by a guard";
            case REFUSED -> line + ", refused";
            case BUDGETED -> "reverse edge of " + line + ", at most " + budget + " bit/s";
            case LEAK -> "reverse edge of " + line + ", without a budget";
            case LEGAL -> "reverse edge of " + line + ", allowed by the labels";
        };
    }
}
