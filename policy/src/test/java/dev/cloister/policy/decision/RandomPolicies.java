package dev.cloister.policy.decision;

import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import java.util.Random;
import java.util.StringJoiner;

/** Small random policies, structurally right but not always sound. */
final class RandomPolicies {
    private RandomPolicies() {}

    static Policy next(Random random) throws PolicyException {
        int domains = 2 + random.nextInt(5);
        StringJoiner domainList = new StringJoiner(",", "[", "]");
        StringJoiner guards = new StringJoiner(",", "[", "]");
        for (int i = 0; i < domains; i++) {
            String file =
                    "{\"path\":\"k\",\"sha256\":\"" + String.format("%02x", i).repeat(32) + "\"}";
            domainList.add("{\"id\":\"00000000-0000-4000-8000-00000000000" + (i + 1) + "\",\"name\":\"d" + i
                    + "\",\"label\":" + label(random) + ",\"memory\":\"1M\",\"image\":{\"kernel\":" + file
                    + (random.nextBoolean() ? ",\"initrd\":" + file : "") + "}}");
            if (random.nextInt(3) == 0) {
                guards.add("{\"domain\":\"d" + i + "\",\"from\":" + label(random) + ",\"to\":" + label(random)
                        + ",\"obligation\":\"o\"}");
            }
        }
        StringJoiner flows = new StringJoiner(",", "[", "]");
        int count = 1 + random.nextInt(10);
        for (int i = 0; i < count; i++) {
            int from = random.nextInt(domains);
            int to = (from + 1 + random.nextInt(domains - 1)) % domains;
            flows.add("{\"name\":\"f" + i + "\",\"from\":\"d" + from + "\",\"to\":\"d" + to + "\"," + kind(random)
                    + rate(random) + "}");
        }
        flows.add(
                "{\"name\":\"audit\",\"from\":\"@audit\",\"to\":\"d0\",\"kind\":\"memory\",\"recordBytes\":16,\"records\":1}");
        return Samples.parse("{\"version\":1,\"name\":\"r\",\"lattice\":{\"levels\":[\"l0\",\"l1\",\"l2\"],"
            + "\"compartments\":[\"a\",\"b\"]},\"requestRate\":{\"perSecond\":20,\"burst\":3},\"host\":{\"audit\":{\"label\":"
                + label(random) + "},\"console\":{\"label\":" + label(random) + "}},\"domains\":" + domainList
                + ",\"guards\":" + guards + ",\"flows\":" + flows + "}");
    }

    private static String kind(Random random) {
        return switch (random.nextInt(3)) {
            case 0 -> "\"kind\":\"event\"";
            case 1 -> "\"kind\":\"stream\"";
            default -> "\"kind\":\"memory\",\"recordBytes\":16,\"records\":2";
        };
    }

    private static String rate(Random random) {
        return random.nextBoolean()
                ? ""
                : ",\"rate\":{\"perSecond\":" + (1 + random.nextInt(50)) + ",\"burst\":" + (1 + random.nextInt(8))
                        + "}";
    }

    private static String label(Random random) {
        String compartments = switch (random.nextInt(5)) {
            case 0 -> "[\"a\"]";
            case 1 -> "[\"b\"]";
            case 2 -> "[\"a\",\"b\"]";
            default -> "[]";
        };
        return "{\"level\":\"l" + random.nextInt(3) + "\",\"compartments\":" + compartments + "}";
    }
}
