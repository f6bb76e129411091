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

    /** Every section of the language: three banks' desks and a broker, a disk, a network and a log. */
    public static final String FULL = """
        {
          "version": 1,
          "name": "full",
          "lattice": {"levels": {"public": [], "eu": ["public"], "us": ["public"], "top": ["eu", "us"]}, "compartments": ["ops"]},
          "types": ["desk", "broker", "store"],
          "typeRules": [
            {"from": "*", "to": ["broker"], "kinds": "*"},
            {"from": "broker", "to": ["store", "broker", "desk"], "kinds": ["event", "console", "wire", "memory"]},
            {"from": ["store"], "to": "*", "kinds": ["disk", "wire"]}
          ],
          "windows": [
            {"name": "work", "zone": "Europe/Berlin", "days": ["mon", "fri"], "from": "08:00", "to": "18:00", "notBefore": "2026-01-01", "notAfter": "2036-12-31"},
            {"name": "warmup", "after": "10m", "for": "1h"}
          ],
          "conflicts": [
            {"name": "banks", "mode": "historic", "members": ["#bank", {"name": "rival", "domains": ["desk2"]}], "description": "rivals"},
            {"name": "hours", "mode": "concurrent", "members": ["desk2", "desk3"]}
          ],
          "domains": [
            {"id": "00000000-0000-4000-8000-000000000001", "name": "desk1", "label": {"level": "eu"}, "type": "desk", "tags": ["bank", "desk"],
             "image": {"firmware": {"path": "fw.bin", "sha256": "DIGEST"}},
             "memory": {"size": "64M", "prefault": true, "hugePages": "2M", "balloon": "16M"},
             "cpus": {"count": 2, "pin": [3, 2], "exclusive": true},
             "cgroup": {"memoryMax": "128M", "cpuMaxPercent": 50, "pidsMax": 64, "ioWeight": 100},
             "cpuid": {"model": "x86-64-v2", "hide": ["avx2"]}, "virtio": "mmio", "when": "work", "autostart": false,
             "onUnexpectedExit": "halt", "restart": {"when": "onFailure", "attempts": 5, "within": "1h", "delay": "5s"}},
            {"id": "00000000-0000-4000-8000-000000000002", "name": "desk2", "label": {"level": "eu"}, "type": "desk", "tags": ["desk"],
             "image": {"kernel": {"path": "k", "sha256": "DIGEST"}}, "memory": "16M", "cpus": {"count": 1}},
            {"id": "00000000-0000-4000-8000-000000000003", "name": "desk3", "label": {"level": "us"}, "type": "desk", "tags": ["desk"],
             "image": {"kernel": {"path": "k", "sha256": "DIGEST"}}, "memory": "16M"},
            {"id": "00000000-0000-4000-8000-000000000004", "name": "broker", "label": {"level": "top", "compartments": ["ops"]}, "type": "broker",
             "image": {"kernel": {"path": "k", "sha256": "DIGEST"}}, "memory": "16M"}
          ],
          "host": {
            "console": {"label": {"level": "top", "compartments": ["ops"]}, "type": "store"},
            "disks": {"data": {"path": "data.img", "sha256": "DIGEST", "readOnly": true, "label": {"level": "public"}, "type": "store"},
                      "work": {"path": "work.img", "label": {"level": "top", "compartments": ["ops"]}, "type": "store"}},
            "taps": {"lan": {"interface": "tap0", "label": {"level": "top", "compartments": ["ops"]}, "type": "store"}},
            "sockets": {"ops": {"path": "ops.sock", "label": {"level": "top", "compartments": ["ops"]}, "type": "store"}},
            "logs": {"serial": {"path": "serial.log", "maxBytes": "1M", "label": {"level": "top", "compartments": ["ops"]}, "type": "store"}},
            "capacity": {"memory": "16G", "cpus": 8, "ratePerSecond": 1000000}
          },
          "guards": [
            {"domain": "broker", "from": {"level": "top", "compartments": ["ops"]}, "to": {"level": "us"}, "obligation": "releases prices only",
             "quota": {"bytes": "1M", "per": "1h"}, "sanitizes": ["banks"]}
          ],
          "flows": [
            {"name": "orders", "from": "desk1", "to": "broker", "kind": "stream", "quota": {"bytes": "10M", "per": "1d"}, "when": ["work", "warmup"],
             "rate": {"perSecond": 100, "burst": 50}, "backChannel": {"bitsPerSecond": 100}},
            {"name": "bell", "from": "broker", "to": "desk3", "kind": "event", "quota": {"units": 10, "per": "1m"}},
            {"name": "out", "from": "broker", "to": "@tap:lan", "kind": "wire"},
            {"name": "in", "from": "@tap:lan", "to": "broker", "kind": "wire"},
            {"name": "read", "from": "@disk:data", "to": "broker", "kind": "disk", "backChannel": {"bitsPerSecond": 10}},
            {"name": "log", "from": "broker", "to": "@log:serial", "kind": "console"},
            {"name": "gram", "from": "desk2", "to": "broker", "kind": "datagram", "backChannel": {"bitsPerSecond": 10}},
            {"name": "records", "from": "desk3", "to": "broker", "kind": "log"}
          ],
          "assertions": [
            {"name": "walls", "never": {"from": "desk1", "to": "desk2"}, "because": "rivals", "strict": false},
            {"unlessVia": {"from": ["desk1"], "to": "desk3", "via": "broker"}},
            {"must": {"from": "#bank", "to": "broker"}}
          ],
          "residualRisks": [
            {"between": ["#desk", ["broker", "desk1"]], "shares": ["cache", "core", "memoryBus"], "acceptedBy": "security officer",
             "reason": "one socket", "until": "2036-01-31", "bitsPerSecond": 100}
          ],
          "schedule": {"majors": [{"name": "day", "cpus": [{"cpu": 0, "minors": [{"domain": "desk2", "for": "10ms"}, {"idle": true, "for": "5ms"}]}]}]},
          "covertLimit": {"bitsPerSecond": 1000},
          "requestRate": {"perSecond": 10, "burst": 20}
        }
        """.replace("DIGEST", DIGEST);

    private Samples() {}

    /** Parses text as a policy named {@code p.json}. */
    public static Policy parse(String text) throws PolicyException {
        return PolicyLoader.parse("p.json", text.getBytes(StandardCharsets.UTF_8), Path.of("/policies"));
    }

    /** Returns the valid policy with one piece of text replaced; the piece must be there. */
    public static String with(String piece, String replacement) {
        return with(VALID, piece, replacement);
    }

    /** Returns a text with the first occurrence of one piece replaced; the piece must be there. */
    public static String with(String text, String piece, String replacement) {
        int at = text.indexOf(piece);
        if (at < 0) {
            throw new IllegalArgumentException("the sample has no " + piece);
        }
        return text.substring(0, at) + replacement + text.substring(at + piece.length());
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
