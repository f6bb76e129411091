package dev.cloister.policy.language;

import dev.cloister.policy.language.BadPolicies.Bad;
import java.util.ArrayList;
import java.util.List;

/** Malformed types, windows, conflicts, resources, host objects, limits, claims and schedules: one of each sort. */
final class BadSections {
    private final List<Bad> list = new ArrayList<>();

    private BadSections() {}

    static List<Bad> all() {
        BadSections bad = new BadSections();
        bad.lattice();
        bad.types();
        bad.windows();
        bad.conflicts();
        bad.resources();
        bad.lifecycle();
        bad.host();
        bad.limits();
        bad.kinds();
        bad.assertions();
        bad.risks();
        bad.schedule();
        return bad.list;
    }

    /** What loader and schema refuse; the problem stands at {@code at} and suggests {@code suggestion}. */
    private void structure(String id, String piece, String replacement, String at, String suggestion) {
        add(id, piece, replacement, true, at, suggestion);
    }

    private void structure(String id, String piece, String replacement) {
        add(id, piece, replacement, true, "", "");
    }

    /** What only the loader can refuse. */
    private void meaning(String id, String piece, String replacement, String at, String suggestion) {
        add(id, piece, replacement, false, at, suggestion);
    }

    private void meaning(String id, String piece, String replacement) {
        add(id, piece, replacement, false, "", "");
    }

    private void add(String id, String piece, String replacement, boolean structural, String at, String suggestion) {
        String text = Samples.with(Samples.FULL, piece, replacement);
        list.add(new Bad(id + " " + replacement, text, id, structural, at, suggestion));
    }

    private void lattice() {
        meaning("CLP031", "\"public\": []", "\"public\": [\"top\"]", "\"public\": [\"top\"]", "remove");
        meaning("CLP031", "\"eu\": [\"public\"]", "\"eu\": [\"eu\"]", "\"eu\": [\"eu\"]", "");
        meaning("CLP011", "\"top\": [\"eu\", \"us\"]", "\"top\": [\"eu\", \"uss\"]", "\"uss\"", "\"us\"");
        structure("CLP006", "\"eu\": [\"public\"]", "\"eu\": \"public\"");
        structure("CLP007", "\"public\": [],", "\"public\": [], \"no level\": [],", "\"no level\"", "");
        structure(
                "CLP008",
                "{\"public\": [], \"eu\": [\"public\"], \"us\": [\"public\"], \"top\": [\"eu\", \"us\"]}",
                "{}");
    }

    private void types() {
        structure("CLP006", "\"types\": [\"desk\", \"broker\", \"store\"]", "\"types\": \"desk\"");
        structure("CLP010", "\"types\": [\"desk\",", "\"types\": [\"desk\", \"desk\",");
        structure(
                "CLP004",
                "{\"from\": \"*\", \"to\"",
                "{\"form\": \"*\", \"from\": \"*\", \"to\"",
                "\"form\"",
                "\"from\"");
        structure("CLP005", "{\"from\": \"*\", \"to\"", "{\"to\"");
        structure("CLP005", ", \"kinds\": [\"disk\", \"wire\"]", "");
        structure(
                "CLP007",
                "\"kinds\": [\"disk\", \"wire\"]",
                "\"kinds\": [\"disk\", \"wired\"]",
                "\"wired\"",
                "\"wire\"");
        structure("CLP008", "\"kinds\": [\"disk\", \"wire\"]", "\"kinds\": []");
        structure("CLP006", "\"from\": [\"store\"]", "\"from\": 3");
        meaning("CLP011", "\"from\": [\"store\"]", "\"from\": [\"stores\"]", "\"stores\"", "\"store\"");
        meaning("CLP011", "\"type\": \"broker\"", "\"type\": \"borker\"", "\"borker\"", "\"broker\"");
        meaning("CLP041", ", \"type\": \"broker\"", "", "{\"id\": \"00000000-0000-4000-8000-000000000004\"", "desk");
        meaning(
                "CLP041",
                "\"maxBytes\": \"1M\", \"label\": {\"level\": \"top\", \"compartments\": [\"ops\"]}, \"type\":"
                        + " \"store\"",
                "\"maxBytes\": \"1M\", \"label\": {\"level\": \"top\", \"compartments\": [\"ops\"]}");
    }

    private void windows() {
        structure("CLP004", "\"zone\":", "\"zoen\":", "\"zoen\"", "\"zone\"");
        structure("CLP005", "\"zone\": \"Europe/Berlin\", ", "");
        meaning("CLP007", "Europe/Berlin", "Europe/Belrin", "\"Europe/Belrin\"", "Europe/Berlin");
        structure("CLP006", "\"zone\": \"Europe/Berlin\"", "\"zone\": 1");
        structure("CLP007", "\"mon\"", "\"monday\"", "\"monday\"", "");
        structure("CLP010", "[\"mon\", \"fri\"]", "[\"mon\", \"mon\"]");
        structure("CLP008", "[\"mon\", \"fri\"]", "[]");
        structure("CLP007", "\"08:00\"", "\"8:00\"", "\"8:00\"", "");
        structure("CLP007", "\"18:00\"", "\"24:00\"");
        structure("CLP007", "2026-01-01", "1.1.2026");
        meaning("CLP007", "2026-01-01", "2026-02-30", "\"2026-02-30\"", "");
        structure("CLP006", "\"notBefore\": \"2026-01-01\"", "\"notBefore\": 2026");
        structure("CLP007", "\"10m\"", "\"10 minutes\"", "\"10 minutes\"", "");
        structure("CLP006", "\"after\": \"10m\"", "\"after\": 600");
        meaning("CLP008", "\"for\": \"1h\"", "\"for\": \"0s\"", "\"0s\"", "");
        structure("CLP014", "\"after\": \"10m\"", "\"after\": \"10m\", \"zone\": \"UTC\"");
        structure("CLP005", "\"after\": \"10m\", \"for\": \"1h\"", "\"name2\": 1");
        meaning("CLP010", "\"name\": \"warmup\"", "\"name\": \"work\"");
        meaning("CLP011", "\"when\": \"work\"", "\"when\": \"wrok\"", "\"wrok\"", "\"work\"");
        structure("CLP008", "\"when\": [\"work\", \"warmup\"]", "\"when\": []");
        structure("CLP006", "\"when\": [\"work\", \"warmup\"]", "\"when\": {}");
    }

    private void conflicts() {
        structure("CLP004", "\"members\": [\"#bank\"", "\"parties\": [\"#bank\"");
        structure("CLP005", "\"mode\": \"historic\", ", "");
        structure("CLP007", "\"historic\"", "\"historical\"", "\"historical\"", "\"historic\"");
        structure("CLP008", "\"members\": [\"desk2\", \"desk3\"]", "\"members\": []");
        structure("CLP006", "\"members\": [\"desk2\", \"desk3\"]", "\"members\": \"desk2\"");
        structure("CLP006", "\"members\": [\"desk2\", \"desk3\"]", "\"members\": [2, \"desk3\"]");
        structure("CLP005", "{\"name\": \"rival\", \"domains\": [\"desk2\"]}", "{\"domains\": [\"desk2\"]}");
        meaning("CLP010", "\"name\": \"hours\"", "\"name\": \"banks\"");
        meaning("CLP011", "[\"#bank\",", "[\"#bnak\",", "\"#bnak\"", "\"#bank\"");
        meaning("CLP011", "\"domains\": [\"desk2\"]", "\"domains\": [\"desk9\"]", "\"desk9\"", "did you mean");
        meaning(
                "CLP013",
                "\"members\": [\"desk2\", \"desk3\"]",
                "\"members\": [\"desk2\", \"@disk:data\"]",
                "\"@disk:data\"",
                "");
        meaning("CLP013", "[\"#bank\",", "[\"#bank\", \"@console\",", "\"@console\"", "");
        meaning(
                "CLP050",
                "\"domains\": [\"desk2\"]",
                "\"domains\": [\"desk2\", \"desk1\"]",
                "{\"name\": \"rival\"",
                "");
        meaning(
                "CLP010",
                "{\"name\": \"rival\"",
                "{\"name\": \"rival\", \"domains\": \"desk3\"}, {\"name\": \"rival\"");
        meaning("CLP011", "\"sanitizes\": [\"banks\"]", "\"sanitizes\": [\"bank\"]", "\"bank\"]}\n", "\"banks\"");
        structure("CLP006", "\"sanitizes\": [\"banks\"]", "\"sanitizes\": \"banks\"");
    }

    private void resources() {
        structure("CLP005", "{\"firmware\": {\"path\": \"fw.bin\", \"sha256\": \"" + Samples.DIGEST + "\"}}", "{}");
        structure(
                "CLP007",
                "\"tags\": [\"bank\", \"desk\"]",
                "\"tags\": [\"#bank\", \"desk\"]",
                "\"#bank\", \"desk\"]",
                "without \"#\"");
        structure("CLP010", "\"tags\": [\"bank\", \"desk\"]", "\"tags\": [\"bank\", \"bank\"]");
        structure("CLP005", "{\"size\": \"64M\", ", "{");
        structure("CLP006", "\"prefault\": true", "\"prefault\": 1");
        structure("CLP007", "\"hugePages\": \"2M\"", "\"hugePages\": \"4M\"", "\"4M\"", "");
        meaning("CLP008", "\"balloon\": \"16M\"", "\"balloon\": \"65M\"", "\"65M\"", "");
        meaning("CLP008", "\"size\": \"64M\"", "\"size\": \"63K\"");
        meaning("CLP008", "\"size\": \"64M\"", "\"size\": \"65540K\"", "\"65540K\"", "");
        structure("CLP004", "{\"count\": 2,", "{\"cuont\": 2,", "\"cuont\"", "\"count\"");
        structure("CLP008", "\"pin\": [3, 2]", "\"pin\": [3, 4096]");
        structure("CLP010", "\"pin\": [3, 2]", "\"pin\": [3, 3]");
        structure("CLP008", "\"pin\": [3, 2]", "\"pin\": []");
        structure("CLP005", "\"pin\": [3, 2], ", "");
        structure("CLP004", "\"memoryMax\"", "\"memoryMin\"");
        structure("CLP008", "\"cpuMaxPercent\": 50", "\"cpuMaxPercent\": 0");
        structure("CLP006", "\"pidsMax\": 64", "\"pidsMax\": \"64\"");
        structure("CLP008", "\"ioWeight\": 100", "\"ioWeight\": 10001");
        structure("CLP007", "x86-64-v2", "x86-64-v4", "\"x86-64-v4\"", "x86-64-v");
        structure("CLP007", "\"hide\": [\"avx2\"]", "\"hide\": [\"AVX2\"]");
        structure("CLP010", "\"hide\": [\"avx2\"]", "\"hide\": [\"avx2\", \"avx2\"]");
    }

    private void lifecycle() {
        structure("CLP006", "\"autostart\": false", "\"autostart\": \"no\"");
        structure("CLP007", "\"onUnexpectedExit\": \"halt\"", "\"onUnexpectedExit\": \"hlat\"", "\"hlat\"", "\"halt\"");
        structure("CLP005", "{\"when\": \"onFailure\", ", "{");
        structure("CLP007", "\"onFailure\"", "\"onfailure\"", "\"onfailure\"", "\"onFailure\"");
        structure("CLP008", "\"attempts\": 5", "\"attempts\": 0");
        meaning("CLP008", "\"within\": \"1h\"", "\"within\": \"10ms\"", "\"10ms\"", "");
        meaning("CLP008", "\"delay\": \"5s\"", "\"delay\": \"2d\"");
    }

    private void host() {
        structure("CLP004", "\"disks\": {", "\"disk\": {", "\"disk\": {", "\"disks\"");
        structure("CLP006", "\"taps\": {\"lan\"", "\"taps\": [], \"capacity2\": {\"lan\"");
        structure("CLP007", "{\"data\": {", "{\"1data\": {", "\"1data\"", "");
        structure("CLP004", "\"readOnly\"", "\"readonly\"", "\"readonly\"", "\"readOnly\"");
        structure("CLP014", "\"readOnly\": true, ", "", "", "readOnly");
        structure("CLP005", "\"path\": \"work.img\", ", "");
        meaning("CLP010", "\"path\": \"work.img\"", "\"path\": \"./data.img\"", "\"./data.img\"", "@disk:data");
        structure("CLP007", "\"interface\": \"tap0\"", "\"interface\": \"a/b\"");
        structure("CLP007", "\"interface\": \"tap0\"", "\"interface\": \"sixteen-letters-\"");
        structure("CLP005", "\"maxBytes\": \"1M\", ", "");
        meaning("CLP008", "\"maxBytes\": \"1M\"", "\"maxBytes\": 100");
        structure("CLP008", "\"cpus\": 8,", "\"cpus\": 0,");
        structure("CLP007", "\"memory\": \"16G\"", "\"memory\": \"16 GB\"");
        meaning("CLP011", "\"@tap:lan\", \"kind\"", "\"@tap:lna\", \"kind\"", "\"@tap:lna\"", "\"@tap:lan\"");
        structure("CLP013", "{\"domain\": \"broker\"", "{\"domain\": \"@disk:data\"");
    }

    private void limits() {
        structure("CLP005", "\"quota\": {\"bytes\": \"10M\", ", "\"quota\": {");
        structure("CLP005", "{\"units\": 10, \"per\": \"1m\"}", "{\"units\": 10}");
        structure(
                "CLP014",
                "{\"units\": 10, \"per\": \"1m\"}",
                "{\"bytes\": 10, \"per\": \"1m\"}",
                "10, \"per\": \"1m\"}",
                "remove");
        structure("CLP014", "{\"bytes\": \"10M\", \"per\"", "{\"units\": 10, \"per\"");
        structure("CLP008", "{\"units\": 10,", "{\"units\": 0,");
        structure("CLP007", "\"per\": \"1m\"", "\"per\": \"minute\"");
        meaning("CLP008", "\"per\": \"1m\"", "\"per\": \"10ms\"", "\"10ms\"", "");
        structure(
                "CLP004", "\"quota\": {\"bytes\": \"1M\",", "\"quota\": {\"bites\": \"1M\",", "\"bites\"", "\"bytes\"");
        structure("CLP014", "\"kind\": \"log\"", "\"kind\": \"log\", \"backChannel\": {\"bitsPerSecond\": 1}");
        structure("CLP014", "\"kind\": \"datagram\"", "\"kind\": \"datagram\", \"capacity\": \"4K\"");
        structure("CLP008", "\"covertLimit\": {\"bitsPerSecond\": 1000}", "\"covertLimit\": {\"bitsPerSecond\": -1}");
        structure("CLP006", "\"covertLimit\": {\"bitsPerSecond\": 1000}", "\"covertLimit\": 5");
    }

    private void kinds() {
        String wire = "\"to\": \"@tap:lan\", \"kind\": \"wire\"";
        meaning("CLP013", wire, "\"to\": \"@tap:lan\", \"kind\": \"event\"", "\"event\"},", "");
        meaning("CLP013", wire, "\"to\": \"@disk:work\", \"kind\": \"wire\"");
        meaning("CLP013", wire, "\"to\": \"@log:serial\", \"kind\": \"disk\"");
        meaning(
                "CLP013",
                "\"from\": \"broker\", " + wire,
                "\"from\": \"@log:serial\", \"to\": \"broker\", \"kind\": \"console\"",
                "\"@log:serial\"",
                "");
        meaning("CLP013", wire, "\"to\": \"@disk:data\", \"kind\": \"disk\"", "\"@disk:data\", \"kind\"", "");
        meaning("CLP014", wire, "\"to\": \"desk1\", \"kind\": \"wire\"", "{\"name\": \"out\"", "declare it");
        meaning(
                "CLP014",
                "{\"name\": \"in\", \"from\": \"@tap:lan\", \"to\": \"broker\"",
                "{\"name\": \"in\", \"from\": \"desk1\", \"to\": \"broker\"");
    }

    private void assertions() {
        structure("CLP005", "\"must\": {\"from\": \"#bank\", \"to\": \"broker\"}", "\"because\": \"x\"");
        structure("CLP014", "{\"must\": {", "{\"never\": {\"from\": \"desk1\", \"to\": \"desk2\"}, \"must\": {");
        structure("CLP014", "{\"must\": {", "{\"strict\": true, \"must\": {", "true, \"must\"", "remove");
        structure("CLP005", "\"to\": \"desk3\", \"via\": \"broker\"", "\"to\": \"desk3\"");
        structure(
                "CLP004",
                "{\"from\": \"#bank\", \"to\": \"broker\"}",
                "{\"from\": \"#bank\", \"to\": \"broker\", \"via\": \"desk1\"}");
        structure("CLP007", "\"name\": \"walls\"", "\"name\": \"the walls\"");
        meaning("CLP010", "{\"unlessVia\": {", "{\"name\": \"walls\", \"unlessVia\": {");
        meaning(
                "CLP011",
                "{\"from\": \"desk1\", \"to\": \"desk2\"}",
                "{\"from\": \"desk1\", \"to\": \"dsek2\"}",
                "\"dsek2\"",
                "\"desk2\"");
        structure("CLP008", "\"from\": [\"desk1\"]", "\"from\": []");
        structure("CLP006", "\"from\": [\"desk1\"]", "\"from\": [[\"desk1\"]]");
        structure("CLP006", "\"strict\": false", "\"strict\": 0");
    }

    private void risks() {
        structure("CLP008", "\"between\": [\"#desk\", [\"broker\", \"desk1\"]]", "\"between\": [\"#desk\"]");
        structure("CLP006", "\"between\": [\"#desk\", [\"broker\", \"desk1\"]]", "\"between\": \"#desk\"");
        structure("CLP007", "\"shares\": [\"cache\",", "\"shares\": [\"cahce\",", "\"cahce\"", "\"cache\"");
        structure("CLP008", "\"shares\": [\"cache\", \"core\", \"memoryBus\"]", "\"shares\": []");
        structure("CLP010", "\"shares\": [\"cache\", \"core\",", "\"shares\": [\"cache\", \"cache\",");
        structure("CLP005", "\"acceptedBy\": \"security officer\",", "");
        structure("CLP007", "\"reason\": \"one socket\"", "\"reason\": \"\"");
        structure("CLP007", "2036-01-31", "2036-1-31");
        structure("CLP008", "\"bitsPerSecond\": 100}\n", "\"bitsPerSecond\": 0}\n");
    }

    private void schedule() {
        structure("CLP004", "\"majors\": [{\"name\"", "\"frames\": [{\"name\"");
        structure(
                "CLP008",
                "\"minors\": [{\"domain\": \"desk2\", \"for\": \"10ms\"}, {\"idle\": true, \"for\": \"5ms\"}]",
                "\"minors\": []");
        structure("CLP005", "{\"idle\": true, ", "{");
        structure(
                "CLP014",
                "{\"idle\": true, ",
                "{\"idle\": true, \"domain\": \"desk3\", ",
                "true, \"domain\": \"desk3\"",
                "remove");
        structure("CLP005", "{\"idle\": true, \"for\": \"5ms\"}", "{\"idle\": true}");
        meaning(
                "CLP011",
                "{\"domain\": \"desk2\", \"for\"",
                "{\"domain\": \"dekk2\", \"for\"",
                "\"dekk2\"",
                "\"desk2\"");
        meaning("CLP008", "\"for\": \"5ms\"", "\"for\": \"2h\"");
        meaning(
                "CLP010",
                "[{\"cpu\": 0,",
                "[{\"cpu\": 0, \"minors\": [{\"idle\": true, \"for\": \"15ms\"}]}, {\"cpu\": 0,");
        structure("CLP008", "\"cpu\": 0", "\"cpu\": -1");
    }
}
