package dev.cloister.policy.language;

import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/** Policies that the tests start from. */
public final class Samples {
    /** A digest of the right shape. */
    public static final String DIGEST = "ab".repeat(32);

    /** A sensor, a guard, a command post and a logger; every kind of flow. */
    public static final String VALID = """
        {
          "version": 1,
          "name": "sample",
          "lattice": {"levels": ["unclassified", "secret"], "compartments": ["ops"]},
          "domains": [
            {"id": "6f1c0e9a-2b7d-4c55-9a63-0d2f1b8e4a10", "name": "sensor", "label": {"level": "unclassified"},
             "image": {"kernel": {"path": "sensor.elf", "sha256": "DIGEST"}}, "memory": "16M"},
            {"id": "6f1c0e9a-2b7d-4c55-9a63-0d2f1b8e4a11", "name": "guard", "label": {"level": "unclassified"},
             "image": {"kernel": {"path": "guard.elf", "sha256": "DIGEST"}}, "memory": "16M", "cpus": 2, "engine": "direct"},
            {"id": "6f1c0e9a-2b7d-4c55-9a63-0d2f1b8e4a12", "name": "command", "label": {"level": "secret", "compartments": ["ops"]},
             "image": {"kernel": {"path": "command.elf", "sha256": "DIGEST"}, "initrd": {"path": "i", "sha256": "DIGEST"}, "cmdline": "quiet"},
             "memory": 33554432},
            {"id": "6f1c0e9a-2b7d-4c55-9a63-0d2f1b8e4a13", "name": "logger", "label": {"level": "secret", "compartments": ["ops"]},
             "image": {"kernel": {"path": "logger.elf", "sha256": "DIGEST"}}, "memory": "16M"}
          ],
          "host": {
            "audit": {"label": {"level": "secret", "compartments": ["ops"]}},
            "console": {"label": {"level": "secret", "compartments": ["ops"]}}
          },
          "guards": [
            {"domain": "guard", "from": {"level": "secret", "compartments": ["ops"]}, "to": {"level": "unclassified"}, "obligation": "drops malformed records"}
          ],
          "flows": [
            {"name": "readings", "from": "sensor", "to": "guard", "kind": "memory", "recordBytes": 64, "records": 64},
            {"name": "checked", "from": "guard", "to": "command", "kind": "memory", "recordBytes": 64, "records": 64},
            {"name": "bell", "from": "guard", "to": "command", "kind": "event", "rate": {"perSecond": 1000, "burst": 100}},
            {"name": "orders", "from": "command", "to": "guard", "kind": "stream", "capacity": "64K"},
            {"name": "report", "from": "sensor", "to": "logger", "kind": "stream", "backChannel": {"bitsPerSecond": 8}},
            {"name": "audit", "from": "@audit", "to": "logger", "kind": "memory", "recordBytes": "1K", "records": 256},
            {"name": "tty", "from": "logger", "to": "@console", "kind": "console", "rate": {"perSecond": 10000, "burst": 4096}}
          ],
          "audit": {"onFull": "halt"},
          "onDaemonLoss": "sever"
        }
        """.replace("DIGEST", DIGEST);

    private Samples() {}

    /** Parses text as a policy named {@code p.json}. */
    public static Policy parse(String text) throws PolicyException {
        return PolicyLoader.parse("p.json", text.getBytes(StandardCharsets.UTF_8), Path.of("/policies"));
    }

    /** Returns the valid policy with one piece of text replaced; the piece must be there. */
    public static String with(String piece, String replacement) {
        if (!VALID.contains(piece)) {
            throw new IllegalArgumentException("the sample has no " + piece);
        }
        int at = VALID.indexOf(piece);
        return VALID.substring(0, at) + replacement + VALID.substring(at + piece.length());
    }

    /** Returns 1-based line and column of the first occurrence. */
    static int[] place(String text, String piece) {
        int at = text.indexOf(piece);
        String before = text.substring(0, at);
        int line = (int) before.chars().filter(c -> c == '\n').count() + 1;
        return new int[] {line, at - before.lastIndexOf('\n')};
    }

    /** Resolves indexes by name. */
    public static int[] ends(Policy policy, String from, String to) {
        return Arrays.stream(new String[] {from, to})
                .mapToInt(name -> policy.endpoint(name).orElseThrow().index())
                .toArray();
    }
}
