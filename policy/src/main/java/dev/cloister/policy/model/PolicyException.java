package dev.cloister.policy.model;

import java.util.List;
import java.util.stream.Collectors;

/** A policy that can't be loaded, with every problem that was found and not only the first. */
public final class PolicyException extends Exception {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // Problem lists are immutable lists of records; nobody serialises this exception.
    private final List<Problem> problems;

    /**
     * Makes the exception.
     *
     * @param problems all findings, errors and others, in file order; at least one error
     */
    public PolicyException(List<Problem> problems) {
        super(problems.stream().filter(Problem::isError).map(Problem::toString).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** Returns all findings in file order. */
    public List<Problem> problems() {
        return problems;
    }
}
