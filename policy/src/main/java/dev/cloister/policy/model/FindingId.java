package dev.cloister.policy.model;

import java.util.Arrays;
import java.util.Optional;

/**
 * The stable identifiers of findings. A code is never used for anything else, also not after its finding is gone. Each belongs to
 * an analysis, whose page in docs/analyses explains it.
 */
public enum FindingId {
    UNREADABLE("CLP001", "language"),
    SYNTAX("CLP002", "language"),
    DUPLICATE_KEY("CLP003", "language"),
    UNKNOWN_FIELD("CLP004", "language"),
    MISSING_FIELD("CLP005", "language"),
    WRONG_TYPE("CLP006", "language"),
    MALFORMED("CLP007", "language"),
    OUT_OF_RANGE("CLP008", "language"),
    VERSION("CLP009", "language"),
    DUPLICATE("CLP010", "references"),
    DANGLING("CLP011", "references"),
    SELF_FLOW("CLP012", "references"),
    ENDPOINT_MISUSE("CLP013", "references"),
    WRONG_KIND("CLP014", "references"),
    UNTRUSTED("CLP015", "language"),
    AGAINST_LATTICE("CLP020", "labels"),
    GUARD_UNSOUND("CLP021", "labels"),
    TOO_MANY_CHANNELS("CLP022", "admission"),
    WINDOWS_TOO_LARGE("CLP023", "admission"),
    REVERSE_EDGE("CLP024", "labels"),
    BUDGET_UNUSED("CLP025", "unused"),
    RATE_UNSEEN("CLP026", "limits"),
    GUARD_UNUSED("CLP027", "unused"),
    ISOLATED("CLP028", "unused"),
    LATTICE_UNUSED("CLP029", "unused"),
    RESOURCES("CLP030", "admission"),
    LATTICE_CYCLE("CLP031", "lattice"),
    NOT_A_LATTICE("CLP032", "lattice"),
    TYPE_FORBIDS("CLP040", "types"),
    TYPE_MISSING("CLP041", "types"),
    TYPE_UNUSED("CLP042", "types"),
    TYPE_RULE_UNUSED("CLP043", "types"),
    PARTY_OVERLAP("CLP050", "conflicts"),
    COMMON_REACH("CLP051", "conflicts"),
    CONFLICT_TRIVIAL("CLP052", "conflicts"),
    CONFLICT_NEVER_BOTH("CLP053", "conflicts"),
    WINDOW_NEVER_OPEN("CLP060", "windows"),
    WINDOW_UNUSED("CLP061", "windows"),
    WINDOWS_DISJOINT("CLP062", "windows"),
    QUOTA_UNMETERED("CLP070", "limits"),
    QUOTA_WITHOUT_EFFECT("CLP071", "limits"),
    LIMIT_ALWAYS_REFUSES("CLP072", "limits"),
    NEVER_VIOLATED("CLP080", "assertions"),
    UNLESS_VIA_VIOLATED("CLP081", "assertions"),
    MUST_UNMET("CLP082", "assertions"),
    ASSERTION_VACUOUS("CLP083", "assertions"),
    INTERFERENCE("CLP090", "noninterference"),
    SHARING_UNDECLARED("CLP091", "noninterference"),
    RESIDUAL_UNUSED("CLP092", "noninterference"),
    RESIDUAL_EXPIRED("CLP093", "noninterference"),
    RESIDUAL_PATH("CLP094", "noninterference"),
    COVERT_BUDGET("CLP100", "covert"),
    COVERT_LIMIT("CLP101", "covert"),
    COVERT_UNBOUNDED("CLP102", "covert"),
    SCHEDULE_UNEQUAL("CLP110", "schedule"),
    SCHEDULE_MISSING("CLP111", "schedule"),
    SCHEDULE_SHARING("CLP112", "schedule"),
    SCHEDULE_OVERLAP("CLP113", "schedule"),
    SCHEDULE_CPU("CLP114", "schedule"),
    SCHEDULE_REVOKE("CLP115", "schedule"),
    MEMORY_SHORT("CLP120", "admission"),
    CPUS_SHORT("CLP121", "admission"),
    RATE_SHORT("CLP122", "admission"),
    PIN_CONFLICT("CLP123", "admission"),
    NEVER_GRANTED("CLP130", "unused"),
    REDUNDANT_FLOW("CLP131", "unused"),
    FORBID_UNUSED("CLP132", "unused"),
    TAG_UNUSED("CLP133", "unused"),
    ENDPOINT_UNUSED("CLP134", "unused"),
    RULE_SHADOWED("CLP135", "unused"),
    FRAGMENT_WIDENS("CLP140", "include"),
    FRAGMENT_CYCLE("CLP141", "include"),
    FRAGMENT_MISSING("CLP142", "include"),
    FRAGMENT_LIMIT("CLP143", "include"),
    VERDICT("CLP150", "verdict"),
    NOT_ENFORCED("CLP160", "enforcement");

    private final String code;
    private final String analysis;

    FindingId(String code, String analysis) {
        this.code = code;
        this.analysis = analysis;
    }

    /** Returns the identifier as printed, such as {@code CLP020}. */
    public String code() {
        return code;
    }

    /** Returns the name of the analysis, which is the name of its page in docs/analyses. */
    public String analysis() {
        return analysis;
    }

    /** Returns the finding with that code, if there is one. */
    public static Optional<FindingId> ofCode(String code) {
        return Arrays.stream(values()).filter(id -> id.code.equals(code)).findFirst();
    }

    /** Returns the code. */
    @Override
    public String toString() {
        return code;
    }
}
