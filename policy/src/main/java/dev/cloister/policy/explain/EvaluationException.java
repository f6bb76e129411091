package dev.cloister.policy.explain;

import java.io.Serial;

/** A line that can't be evaluated; the message says what is wrong with it and what was expected. */
public final class EvaluationException extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    /** Makes it. */
    public EvaluationException(String message) {
        super(message);
    }
}
