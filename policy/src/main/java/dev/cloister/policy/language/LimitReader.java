package dev.cloister.policy.language;

import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.Rate;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Reads rates, quotas and budgets of back channels. */
final class LimitReader {
    private static final Set<String> RATE_FIELDS = Set.of("perSecond", "burst");
    private static final Set<String> QUOTA_FIELDS = Set.of("units", "bytes", "per");
    private static final Set<String> BACK_FIELDS = Set.of("bitsPerSecond");
    private static final long SHORTEST = TimeUnit.SECONDS.toNanos(1);
    private static final long LONGEST = TimeUnit.DAYS.toNanos(3660);

    private LimitReader() {}

    /** What a quota counts. */
    enum Unit {
        /** Signals of an event. */
        UNITS("units"),
        /** Bytes of everything else. */
        BYTES("bytes");

        private final String field;

        Unit(String field) {
            this.field = field;
        }

        /** Returns what quotas of flows of that kind count. */
        static Unit of(FlowKind kind) {
            return kind == FlowKind.EVENT ? UNITS : BYTES;
        }

        private Unit other() {
            return this == UNITS ? BYTES : UNITS;
        }
    }

    /** Reads a member that is a rate, where it is stated. */
    static Optional<Rate> rate(Fields owner, String field) {
        return owner.optional(field).map(json -> {
            Fields fields = owner.open(json, field.equals("rate") ? "a rate" : field, RATE_FIELDS);
            long perSecond = fields.integer("perSecond", 1, Rate.MAX);
            return new Rate(perSecond, fields.integer("burst", 1, Rate.MAX), fields.position());
        });
    }

    /**
     * Reads the member {@code quota}, where it is stated.
     *
     * @param unit what it counts; empty: either
     * @param ofWhat what is limited, for messages
     */
    static Optional<Quota> quota(Fields owner, Optional<Unit> unit, String ofWhat) {
        return owner.optional("quota").map(json -> {
            Fields fields = owner.open(json, "a quota", QUOTA_FIELDS);
            Unit stated = unit.orElse(fields.has(Unit.UNITS.field) ? Unit.UNITS : Unit.BYTES);
            fields.optional(stated.other().field)
                    .ifPresent(at -> fields.error(
                            FindingId.WRONG_KIND,
                            at,
                            "the quota of " + ofWhat + " counts " + stated.field,
                            "\"" + stated.field + "\"",
                            "remove it"));
            long amount = switch (stated) {
                case UNITS -> fields.integer(Unit.UNITS.field, 1, Quota.MAX);
                case BYTES -> fields.size(Unit.BYTES.field, 1, Quota.MAX);
            };
            return new Quota(amount, fields.duration("per", SHORTEST, LONGEST), fields.position());
        });
    }

    /** Reads the member {@code backChannel}, where it is stated. */
    static Optional<BackChannel> backChannel(Fields owner) {
        return owner.optional("backChannel").map(json -> {
            Fields fields = owner.open(json, "a back channel", BACK_FIELDS);
            return new BackChannel(fields.integer("bitsPerSecond", 1, BackChannel.MAX), fields.position());
        });
    }
}
