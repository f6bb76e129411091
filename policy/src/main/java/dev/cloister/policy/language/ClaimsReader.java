package dev.cloister.policy.language;

import dev.cloister.policy.model.Assertion;
import dev.cloister.policy.model.Assertion.Claim;
import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.CovertLimit;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.ResidualRisk.Share;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reads what the author holds to be true, the assertions, and what the author accepts, the residual risks. */
final class ClaimsReader {
    /** The most assertions, and the most residual risks. */
    static final int MAX = 10_000;

    private static final Set<String> FIELDS = Set.of("name", "never", "unlessVia", "must", "strict", "because");
    private static final Set<String> ENDS = Set.of("from", "to");
    private static final Set<String> ENDS_VIA = Set.of("from", "to", "via");
    private static final Set<String> RISK_FIELDS =
            Set.of("between", "shares", "acceptedBy", "reason", "until", "bitsPerSecond");
    private static final Set<String> LIMIT_FIELDS = Set.of("bitsPerSecond");
    private static final String CLAIMS =
            Stream.of(Claim.values()).map(claim -> '"' + claim.jsonName() + '"').collect(Collectors.joining(", "));

    private final Selectors selectors;
    private final Names names = new Names("assertion");
    private final List<Assertion> assertions = new ArrayList<>();

    ClaimsReader(Selectors selectors) {
        this.selectors = selectors;
    }

    /** Reads the assertions of a policy or of a fragment. */
    void readAssertions(Fields file) {
        for (Json item : file.items("assertions", false, MAX)) {
            if (assertions.size() == MAX) {
                file.error(FindingId.OUT_OF_RANGE, item, "too many assertions", "at most " + MAX, "");
                return;
            }
            assertion(file.open(item, "an assertion", FIELDS)).ifPresent(assertions::add);
        }
    }

    List<Assertion> assertions() {
        return assertions;
    }

    private Optional<Assertion> assertion(Fields fields) {
        String name = fields.text("name", TextForm.NAME, "");
        fields.optional("name").ifPresent(at -> names.add(name, at, fields.problems()));
        String because = fields.text("because", TextForm.FREE, "");
        boolean strict = fields.bool("strict", false);
        Optional<Claim> claim = claim(fields);
        if (claim.isPresent() && claim.get() == Claim.MUST) {
            fields.optional("strict")
                    .ifPresent(at -> fields.error(
                            FindingId.WRONG_KIND,
                            at,
                            "an assertion that something must flow has no \"strict\"",
                            "\"strict\" only with \"never\" and \"unlessVia\"",
                            "remove it"));
        }
        return claim.flatMap(which -> fields.optional(which.jsonName()).map(json -> {
            boolean via = which == Claim.UNLESS_VIA;
            Fields ends = fields.open(json, "\"" + which.jsonName() + "\"", via ? ENDS_VIA : ENDS);
            return new Assertion(
                    assertions.size(),
                    name,
                    which,
                    selectors.required(ends, "from"),
                    selectors.required(ends, "to"),
                    via ? selectors.required(ends, "via") : List.of(),
                    strict,
                    because,
                    fields.position());
        }));
    }

    private static Optional<Claim> claim(Fields fields) {
        List<Claim> stated = Stream.of(Claim.values())
                .filter(claim -> fields.has(claim.jsonName()))
                .toList();
        if (stated.isEmpty()) {
            fields.missing(Claim.NEVER.jsonName(), "one of " + CLAIMS);
            return Optional.empty();
        }
        if (stated.size() > 1) {
            fields.optional(stated.getLast().jsonName())
                    .ifPresent(at -> fields.error(
                            FindingId.WRONG_KIND,
                            at,
                            "an assertion makes one claim",
                            "only one of " + CLAIMS,
                            "make it two assertions"));
        }
        return Optional.of(stated.getFirst());
    }

    /** Reads the policy's residual risks. */
    List<ResidualRisk> residualRisks(Fields policy) {
        List<ResidualRisk> risks = new ArrayList<>();
        for (Json item : policy.items("residualRisks", false, MAX)) {
            risks.add(risk(policy.open(item, "a residual risk", RISK_FIELDS), risks.size()));
        }
        return risks;
    }

    private ResidualRisk risk(Fields fields, int index) {
        List<List<Endpoint>> sides =
                fields.required("between").map(json -> sides(fields, json)).orElse(List.of(List.of(), List.of()));
        return new ResidualRisk(
                index,
                sides.getFirst(),
                sides.getLast(),
                shares(fields),
                fields.text("acceptedBy", TextForm.STATED),
                fields.text("reason", TextForm.STATED),
                fields.date("until"),
                fields.integer("bitsPerSecond", 1, BackChannel.MAX, 0),
                fields.position());
    }

    private List<List<Endpoint>> sides(Fields fields, Json json) {
        if (!(json instanceof Json.Arr array)) {
            fields.wrongType(json, "between", "an array of two selectors");
            return List.of(List.of());
        }
        if (array.items().size() != 2) {
            fields.outOfRange("between", "two selectors, one for each side");
            return List.of(List.of());
        }
        return array.items().stream()
                .map(side -> selectors.read(fields, side, "between"))
                .toList();
    }

    private static Set<Share> shares(Fields fields) {
        Set<Share> shares = EnumSet.noneOf(Share.class);
        Optional<Json> json = fields.required("shares");
        if (json.isPresent()) {
            for (Json item : fields.someItems(json.get(), "shares", Share.values().length)) {
                fields.choice(item, "shares", Share.values(), Share::jsonName)
                        .filter(share -> !shares.add(share))
                        .ifPresent(_ -> fields.error(FindingId.DUPLICATE, item, "it is named twice", "each once", ""));
            }
        }
        return shares;
    }

    /** Reads the covert limit of a policy or a fragment, where it states one. */
    static Optional<CovertLimit> covertLimit(Fields file) {
        return file.optional("covertLimit").map(json -> {
            Fields fields = file.open(json, "the covert limit", LIMIT_FIELDS);
            return new CovertLimit(fields.integer("bitsPerSecond", 0, BackChannel.MAX), fields.position());
        });
    }
}
