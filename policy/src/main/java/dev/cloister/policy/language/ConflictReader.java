package dev.cloister.policy.language;

import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostResource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads the conflict sets, then the references to them. */
final class ConflictReader {
    private static final Set<String> FIELDS = Set.of("name", "mode", "members", "description");
    private static final Set<String> PARTY_FIELDS = Set.of("name", "domains");
    private static final int MAX_PARTIES = 1024;
    private static final int SHOWN = 8;

    private final Selectors selectors;
    private final Names names = new Names("conflict set");
    private final List<ConflictSet> sets = new ArrayList<>();

    ConflictReader(Selectors selectors) {
        this.selectors = selectors;
    }

    /** Reads the conflict sets of a policy or of a fragment. */
    void read(Fields file) {
        for (Json item : file.items("conflicts", false, ConflictSet.MAX)) {
            if (sets.size() == ConflictSet.MAX) {
                file.error(FindingId.OUT_OF_RANGE, item, "too many conflict sets", "at most " + ConflictSet.MAX, "");
                return;
            }
            sets.add(set(file.open(item, "a conflict set", FIELDS)));
        }
    }

    List<ConflictSet> sets() {
        return sets;
    }

    private ConflictSet set(Fields fields) {
        String name = fields.text("name", TextForm.NAME);
        fields.optional("name").ifPresent(at -> names.add(name, at, fields.problems()));
        ConflictSet.Mode mode = fields.requiredChoice("mode", ConflictSet.Mode.values(), ConflictSet.Mode::jsonName)
                .orElse(ConflictSet.Mode.CONCURRENT);
        Names partyNames = new Names("party");
        Map<Integer, String> partyOf = new HashMap<>();
        List<ConflictSet.Party> parties = new ArrayList<>();
        List<Json> members = fields.required("members")
                .map(json -> fields.someItems(json, "members", MAX_PARTIES))
                .orElse(List.of());
        for (Json item : members) {
            ConflictSet.Party party = party(fields, item, parties.size());
            partyNames.add(party.name(), item, fields.problems());
            eligible(fields, item, party, mode);
            overlap(fields, item, party, partyOf);
            parties.add(party);
        }
        return new ConflictSet(sets.size(), name, mode, parties, fields.description(), fields.position());
    }

    private ConflictSet.Party party(Fields set, Json item, int index) {
        if (item instanceof Json.Obj) {
            Fields fields = set.open(item, "a party", PARTY_FIELDS);
            return new ConflictSet.Party(
                    index,
                    fields.text("name", TextForm.NAME),
                    selectors.required(fields, "domains"),
                    fields.position());
        }
        List<Endpoint> members = selectors.read(set, item, "members");
        return new ConflictSet.Party(
                index, implied(item, members), members, set.problems().at(item));
    }

    /** A party without a name of its own is called what selects it. */
    private static String implied(Json item, List<Endpoint> members) {
        if (item instanceof Json.Text text) {
            return text.value();
        }
        List<String> first = members.stream().limit(SHOWN).map(Endpoint::name).toList();
        return String.join(",", first) + (members.size() > SHOWN ? ",…" : "");
    }

    private static void eligible(Fields fields, Json item, ConflictSet.Party party, ConflictSet.Mode mode) {
        for (Endpoint member : party.members()) {
            if (member instanceof HostEndpoint host && !eligible(host, mode)) {
                fields.error(
                        FindingId.ENDPOINT_MISUSE,
                        item,
                        member.name() + " can't be in a " + mode.jsonName() + " conflict set",
                        mode == ConflictSet.Mode.CONCURRENT
                                ? "domains: nothing else runs"
                                : "domains, disks, taps, sockets and logs: @console and @audit are the host's own",
                        "");
            }
        }
    }

    private static boolean eligible(HostEndpoint member, ConflictSet.Mode mode) {
        return mode == ConflictSet.Mode.HISTORIC
                && member.resource() != HostResource.CONSOLE
                && member.resource() != HostResource.AUDIT;
    }

    private static void overlap(Fields fields, Json item, ConflictSet.Party party, Map<Integer, String> partyOf) {
        for (Endpoint member : party.members()) {
            String other = partyOf.putIfAbsent(member.index(), party.name());
            if (other != null) {
                String sort = member instanceof Domain ? "domain" : "resource";
                fields.error(
                        FindingId.PARTY_OVERLAP,
                        item,
                        sort + " \"" + member.name() + "\" is in two parties, " + Problems.shorten(other) + " and "
                                + Problems.shorten(party.name()),
                        "each endpoint in at most one party of a set",
                        "take it out of one of them");
                return;
            }
        }
    }

    /** Reads the conflict sets that an object names: bit {@code i} set for set {@code i}. */
    long bits(Fields owner, String field) {
        Optional<Json> json = owner.optional(field);
        long bits = 0;
        if (json.isPresent()) {
            for (Json item : owner.items(json.get(), field, ConflictSet.MAX)) {
                bits |= 1L << names.number(owner.text(item, field, TextForm.NAME), item, owner.problems());
            }
        }
        return bits;
    }
}
