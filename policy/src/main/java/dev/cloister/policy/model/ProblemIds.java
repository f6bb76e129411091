package dev.cloister.policy.model;

/** The stable identifiers of findings; docs/policy-reference.md explains each. */
final class ProblemIds {
    static final String UNREADABLE = "CLP001";
    static final String SYNTAX = "CLP002";
    static final String DUPLICATE_KEY = "CLP003";
    static final String UNKNOWN_FIELD = "CLP004";
    static final String MISSING_FIELD = "CLP005";
    static final String WRONG_TYPE = "CLP006";
    static final String MALFORMED = "CLP007";
    static final String OUT_OF_RANGE = "CLP008";
    static final String VERSION = "CLP009";
    static final String DUPLICATE = "CLP010";
    static final String DANGLING = "CLP011";
    static final String SELF_FLOW = "CLP012";
    static final String ENDPOINT_MISUSE = "CLP013";
    static final String WRONG_KIND = "CLP014";
    static final String AGAINST_LATTICE = "CLP020";
    static final String GUARD_UNSOUND = "CLP021";
    static final String TOO_MANY_CHANNELS = "CLP022";
    static final String WINDOWS_TOO_LARGE = "CLP023";
    static final String REVERSE_EDGE = "CLP024";
    static final String BUDGET_UNUSED = "CLP025";
    static final String RATE_UNSEEN = "CLP026";
    static final String GUARD_UNUSED = "CLP027";
    static final String ISOLATED = "CLP028";
    static final String LATTICE_UNUSED = "CLP029";
    static final String RESOURCES = "CLP030";

    private ProblemIds() {}
}
