package dev.cloister.policy.language;

import java.util.ArrayList;
import java.util.List;

/** Malformed policies of every kind, with what must be said about them. */
final class BadPolicies {
    /**
     * One bad policy.
     *
     * @param what a few words
     * @param text the policy
     * @param id the identifier expected
     * @param structural whether the schema must refuse it as well
     * @param at text at whose first occurrence the problem must be placed; empty for not checked
     * @param suggestion what the suggestion must contain
     */
    record Bad(String what, String text, String id, boolean structural, String at, String suggestion) {}

    private static final String EVENT = "\"kind\": \"event\"";

    private final List<Bad> list = new ArrayList<>();

    private BadPolicies() {}

    private void structure(String id, String what, String piece, String replacement) {
        list.add(new Bad(what, Samples.with(piece, replacement), id, true, "", ""));
    }

    private void meaning(String id, String what, String piece, String replacement) {
        list.add(new Bad(what, Samples.with(piece, replacement), id, false, "", ""));
    }

    static List<Bad> all() {
        BadPolicies bad = new BadPolicies();
        bad.documents();
        bad.fields();
        bad.values();
        bad.references();
        bad.flows();
        bad.analyses();
        bad.list.addAll(BadSections.all());
        return bad.list;
    }

    private void documents() {
        list.add(new Bad("not JSON", Samples.with("\"version\": 1,", "\"version\": 1;"), "CLP002", false, "", ""));
        list.add(new Bad("cut off", Samples.VALID.substring(0, 200), "CLP002", false, "", ""));
        list.add(new Bad("text after the end", Samples.VALID + "x", "CLP002", false, "", ""));
        list.add(new Bad("second document", Samples.VALID + "{}", "CLP002", false, "", ""));
        list.add(new Bad("a list", "[]", "CLP006", true, "[", ""));
        list.add(new Bad("a string", "\"policy\"", "CLP006", true, "\"", ""));
        list.add(new Bad("an empty object", "{}", "CLP005", true, "{", ""));
        list.add(new Bad(
                "a key twice",
                Samples.with("\"name\": \"sample\",", "\"name\": \"sample\", \"name\": \"other\","),
                "CLP003",
                false,
                "\"name\": \"other\"",
                "remove"));
        meaning("CLP003", "a key twice below", "\"cpus\": 2", "\"cpus\": 2, \"cpus\": 3");
    }

    private void fields() {
        list.add(new Bad(
                "unknown field",
                Samples.with("\"onDaemonLoss\"", "\"onDeamonLoss\""),
                "CLP004",
                true,
                "\"onDeamonLoss\"",
                "onDaemonLoss"));
        list.add(new Bad(
                "unknown field of a domain",
                Samples.with("\"memory\": \"16M\", \"cpus\"", "\"memroy\": \"16M\", \"cpus\""),
                "CLP004",
                true,
                "\"memroy\"",
                "\"memory\""));
        structure(
                "CLP004",
                "unknown field of a label",
                "{\"level\": \"unclassified\"}",
                "{\"level\": \"unclassified\", \"caveat\": 1}");
        structure("CLP004", "unknown field of a flow", "\"records\": 64", "\"records\": 64, \"ttl\": 1");
        structure("CLP004", "unknown field of the host", "\"audit\": {\"label\"", "\"audti\": {\"label\"");
        structure("CLP005", "no version", "\"version\": 1,", "");
        structure("CLP005", "no name", "\"name\": \"sample\",", "");
        structure("CLP005", "no memory", "\"memory\": 33554432", "\"cpus\": 1");
        structure("CLP005", "no digest", "\"path\": \"i\", \"sha256\": \"" + Samples.DIGEST + "\"", "\"path\": \"i\"");
        structure("CLP005", "no record size", "\"recordBytes\": 64, ", "");
        structure("CLP005", "no kind", "\"kind\": \"event\", ", "");
        structure("CLP005", "no obligation", ", \"obligation\": \"drops malformed records\"", "");
        structure("CLP005", "no burst", "\"perSecond\": 1000, \"burst\": 100", "\"perSecond\": 1000");
        structure("CLP006", "version as text", "\"version\": 1,", "\"version\": \"1\",");
        structure("CLP006", "name as number", "\"name\": \"sample\"", "\"name\": 7");
        structure("CLP006", "cpus as text", "\"cpus\": 2", "\"cpus\": \"2\"");
        structure("CLP006", "cpus as fraction", "\"cpus\": 2", "\"cpus\": 2.5");
        structure("CLP006", "cpus beyond 64 bits", "\"cpus\": 2", "\"cpus\": 99999999999999999999999");
        structure("CLP006", "memory as list", "\"memory\": 33554432", "\"memory\": [1]");
        structure("CLP006", "engine as null", "\"engine\": \"direct\"", "\"engine\": null");
        structure("CLP006", "label as text", "{\"level\": \"unclassified\"}", "\"unclassified\"");
        structure("CLP006", "levels as text", "[\"unclassified\", \"secret\"]", "\"secret\"");
        structure("CLP006", "a level as number", "[\"unclassified\", \"secret\"]", "[\"unclassified\", \"secret\", 3]");
        structure("CLP006", "rate as number", "{\"perSecond\": 1000, \"burst\": 100}", "1000");
        structure(
                "CLP006",
                "image as true",
                "{\"kernel\": {\"path\": \"sensor.elf\", \"sha256\": \"" + Samples.DIGEST + "\"}}",
                "true");
    }

    private void values() {
        structure("CLP009", "version of the future", "\"version\": 1,", "\"version\": 2,");
        structure("CLP007", "bad UUID", "6f1c0e9a-2b7d-4c55-9a63-0d2f1b8e4a10", "6f1c0e9a-2b7d-4c55-9a63");
        structure("CLP007", "nil UUID", "6f1c0e9a-2b7d-4c55-9a63-0d2f1b8e4a10", "00000000-0000-0000-0000-000000000000");
        structure("CLP007", "bad size", "\"16M\"", "\"16MB\"");
        structure("CLP007", "negative size as text", "\"16M\"", "\"-1\"");
        structure("CLP008", "no memory at all", "\"memory\": 33554432", "\"memory\": 0");
        meaning("CLP008", "too little memory", "\"memory\": 33554432", "\"memory\": 4096");
        meaning("CLP008", "odd memory", "\"memory\": 33554432", "\"memory\": 33554433");
        meaning("CLP008", "too much memory", "\"16M\"", "\"999999999999T\"");
        structure("CLP008", "no cpu", "\"cpus\": 2", "\"cpus\": 0");
        structure("CLP008", "too many cpus", "\"cpus\": 2", "\"cpus\": 65");
        structure("CLP007", "bad digest", Samples.DIGEST, "abc");
        structure("CLP007", "upper-case digest", Samples.DIGEST, "AB".repeat(32));
        structure("CLP007", "empty path", "\"sensor.elf\"", "\"\"");
        structure("CLP007", "path with a NUL", "\"sensor.elf\"", "\"a\\u0000b\"");
        structure("CLP007", "command line with a newline", "\"quiet\"", "\"a\\nb\"");
        structure("CLP007", "name with a space", "\"name\": \"sample\"", "\"name\": \"a sample\"");
        structure("CLP007", "name too long", "\"name\": \"sample\"", "\"name\": \"" + "a".repeat(32) + "\"");
        list.add(new Bad(
                "unknown engine",
                Samples.with("\"direct\"", "\"dierct\""),
                "CLP007",
                true,
                "\"dierct\"",
                "\"direct\""));
        structure("CLP007", "unknown loss rule", "\"sever\"", "\"ignore\"");
        structure("CLP007", "unknown full rule", "\"halt\"", "\"drop\"");
        structure("CLP007", "unknown kind", "\"kind\": \"event\"", "\"kind\": \"bell\"");
        structure("CLP008", "records 0", "\"records\": 64", "\"records\": 0");
        meaning("CLP008", "records no power of two", "\"records\": 64", "\"records\": 65");
        meaning("CLP008", "record bytes odd", "\"recordBytes\": 64", "\"recordBytes\": 63");
        meaning("CLP008", "message too large", EVENT, "\"kind\": \"datagram\", \"recordBytes\": 4104");
        meaning("CLP008", "message size odd", EVENT, "\"kind\": \"log\", \"recordBytes\": 100");
        meaning("CLP008", "messages no power of two", EVENT, "\"kind\": \"datagram\", \"records\": 12");
        meaning("CLP008", "record bytes too few", "\"recordBytes\": 64", "\"recordBytes\": 8");
        meaning("CLP008", "capacity no power of two", "\"64K\"", "\"65K\"");
        meaning("CLP008", "capacity too large", "\"64K\"", "\"32M\"");
        structure("CLP008", "rate 0", "\"perSecond\": 1000,", "\"perSecond\": 0,");
        structure("CLP008", "burst too large", "\"burst\": 100}", "\"burst\": 1000000001}");
        structure("CLP008", "budget 0", "\"bitsPerSecond\": 8", "\"bitsPerSecond\": 0");
        structure("CLP008", "no levels", "[\"unclassified\", \"secret\"]", "[]");
        structure("CLP008", "too many compartments", "[\"ops\"]", names(65));
        list.add(new Bad(
                "no domains",
                "{\"version\":1,\"name\":\"n\",\"lattice\":{\"levels\":[\"a\"]},\"domains\":[],\"flows\":[]}",
                "CLP008",
                true,
                "[],\"flows\"",
                ""));
    }

    private static String names(int count) {
        StringBuilder names = new StringBuilder("[\"ops\"");
        for (int i = 1; i < count; i++) {
            names.append(",\"c").append(i).append('"');
        }
        return names.append(']').toString();
    }

    private void references() {
        structure(
                "CLP010",
                "a level twice",
                "[\"unclassified\", \"secret\"]",
                "[\"unclassified\", \"secret\", \"secret\"]");
        structure(
                "CLP010",
                "a compartment twice in a label",
                "\"compartments\": [\"ops\"]},\n",
                "\"compartments\": [\"ops\", \"ops\"]},\n");
        meaning("CLP010", "a domain name twice", "\"name\": \"guard\"", "\"name\": \"sensor\"");
        meaning("CLP010", "an id twice", "0d2f1b8e4a11", "0D2F1B8E4A10");
        meaning("CLP010", "a flow name twice", "\"name\": \"checked\"", "\"name\": \"readings\"");
        meaning(
                "CLP010",
                "a guard twice",
                "\"guards\": [",
                "\"guards\": [{\"domain\": \"guard\", \"from\": {\"level\": \"secret\"}, \"to\": {\"level\":"
                        + " \"unclassified\"}, \"obligation\": \"x\"},");
        list.add(new Bad(
                "a level that is none",
                Samples.with("{\"level\": \"unclassified\"}", "{\"level\": \"unclasified\"}"),
                "CLP011",
                false,
                "\"unclasified\"",
                "\"unclassified\""));
        meaning(
                "CLP011",
                "a compartment that is none",
                "\"compartments\": [\"ops\"]},\n",
                "\"compartments\": [\"opps\"]},\n");
        list.add(new Bad(
                "a sender that is none",
                Samples.with("\"from\": \"sensor\"", "\"from\": \"snesor\""),
                "CLP011",
                false,
                "\"snesor\"",
                "\"sensor\""));
        meaning("CLP011", "a guard that is none", "{\"domain\": \"guard\"", "{\"domain\": \"gard\"");
        list.add(new Bad(
                "the console undeclared",
                Samples.with(
                        ",\n    \"console\": {\"label\": {\"level\": \"secret\", \"compartments\": [\"ops\"]}}", ""),
                "CLP011",
                false,
                "\"@console\"",
                "declare it in \"host\""));
        structure("CLP011", "a host resource that is none", "\"@audit\"", "\"@disk\"");
        structure("CLP011", "the host as guard", "{\"domain\": \"guard\"", "{\"domain\": \"@disk\"");
        structure("CLP013", "the console as guard", "{\"domain\": \"guard\"", "{\"domain\": \"@console\"");
    }

    private void flows() {
        list.add(new Bad(
                "a flow to itself",
                Samples.with("\"from\": \"sensor\", \"to\": \"guard\"", "\"from\": \"guard\", \"to\": \"guard\""),
                "CLP012",
                false,
                "{\"name\": \"readings\"",
                ""));
        meaning(
                "CLP013",
                "writing the audit stream",
                "\"from\": \"sensor\", \"to\": \"guard\"",
                "\"from\": \"sensor\", \"to\": \"@audit\"");
        meaning(
                "CLP013",
                "the audit stream as event",
                "\"from\": \"guard\", \"to\": \"command\", \"kind\": \"event\"",
                "\"from\": \"@audit\", \"to\": \"command\", \"kind\": \"event\"");
        meaning(
                "CLP013",
                "an event to the console",
                "\"from\": \"guard\", \"to\": \"command\", \"kind\": \"event\"",
                "\"from\": \"guard\", \"to\": \"@console\", \"kind\": \"event\"");
        meaning("CLP013", "a console between domains", "\"to\": \"@console\"", "\"to\": \"command\"");
        meaning(
                "CLP013",
                "the host to the host",
                "\"from\": \"logger\", \"to\": \"@console\"",
                "\"from\": \"@audit\", \"to\": \"@console\"");
        structure("CLP014", "records of an event", "\"kind\": \"event\"", "\"kind\": \"event\", \"records\": 4");
        structure(
                "CLP014", "back channel of a log", EVENT, "\"kind\": \"log\", \"backChannel\": {\"bitsPerSecond\": 1}");
        structure(
                "CLP014",
                "units of datagrams",
                EVENT,
                "\"kind\": \"datagram\", \"quota\": {\"units\": 1, \"per\": \"1h\"}");
        structure("CLP014", "capacity of memory", "\"records\": 64", "\"records\": 64, \"capacity\": \"4K\"");
        structure(
                "CLP014",
                "budget of memory",
                "\"records\": 64",
                "\"records\": 64, \"backChannel\": {\"bitsPerSecond\": 1}");
        structure("CLP014", "record size of a stream", "\"capacity\": \"64K\"", "\"recordBytes\": 64");
    }

    private void analyses() {
        list.add(new Bad(
                "a flow down",
                Samples.with("\"from\": \"sensor\", \"to\": \"guard\"", "\"from\": \"command\", \"to\": \"sensor\""),
                "CLP020",
                false,
                "{\"name\": \"readings\"",
                "guard"));
        meaning(
                "CLP020",
                "outside the guard's bounds",
                "\"from\": {\"level\": \"secret\", \"compartments\": [\"ops\"]}, \"to\"",
                "\"from\": {\"level\": \"secret\"}, \"to\"");
        meaning(
                "CLP021",
                "a guard that could do more than it says",
                "\"to\": {\"level\": \"unclassified\"}, \"obligation\"",
                "\"to\": {\"level\": \"secret\", \"compartments\": [\"ops\"]}, \"obligation\"");
        meaning("CLP024", "a stream without a budget", ", \"backChannel\": {\"bitsPerSecond\": 8}", "");
        meaning(
                "CLP023",
                "windows too large",
                "\"recordBytes\": 64, \"records\": 64",
                "\"recordBytes\": \"1M\", \"records\": 256");
        StringBuilder flows = new StringBuilder("\"flows\": [");
        for (int i = 0; i < 32; i++) {
            flows.append("{\"name\": \"f")
                    .append(i)
                    .append("\", \"from\": \"sensor\", \"to\": \"guard\", \"kind\": \"event\"},");
        }
        meaning("CLP022", "too many channels", "\"flows\": [", flows.toString());
    }
}
