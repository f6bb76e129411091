package dev.cloister.policy.reference;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** What happens, in the order of a scenario. Everything goes by name; what a policy doesn't have is skipped. */
public sealed interface Event {
    /** Returns the line that {@code cloister policy eval} reads for it. */
    Map<String, Object> line();

    /** A domain asks to start; if granted it runs. */
    record Start(String domain) implements Event {
        @Override
        public Map<String, Object> line() {
            return Doc.of("do", "start", "domain", domain);
        }
    }

    /** A domain ends, and its channels with it. */
    record Stop(String domain) implements Event {
        @Override
        public Map<String, Object> line() {
            return Doc.of("do", "stop", "domain", domain);
        }
    }

    /** A channel is asked for, by a domain or by the daemon; if granted it is open. */
    record Open(String from, String to, String kind, Optional<String> flow, Optional<String> asker) implements Event {
        @Override
        public Map<String, Object> line() {
            Map<String, Object> line = Doc.of("do", "open", "from", from, "to", to, "kind", kind);
            flow.ifPresent(name -> line.put("flow", name));
            asker.ifPresent(name -> line.put("by", name));
            return line;
        }
    }

    /** A channel ends. */
    record Close(String flow) implements Event {
        @Override
        public Map<String, Object> line() {
            return Doc.of("do", "close", "flow", flow);
        }
    }

    /** So many units are to pass. */
    record Use(String flow, long units) implements Event {
        @Override
        public Map<String, Object> line() {
            return Doc.of("do", "use", "flow", flow, "units", units);
        }
    }

    /** Time passes; a little may pass backwards. */
    record Pass(long nanos) implements Event {
        /** Returns the time then; never before the load. */
        public Instant after(Instant now, Instant loaded) {
            Instant then = now.plusNanos(nanos);
            return then.isBefore(loaded) ? loaded : then;
        }

        @Override
        public Map<String, Object> line() {
            return Doc.of("do", "pass", "after", BigDecimal.valueOf(nanos, 9).toPlainString() + "s");
        }
    }

    /** An endpoint is measured; digests by kernel, firmware, initrd or sha256, those that are missing are empty. */
    record Measure(String endpoint, Map<String, String> digests) implements Event {
        @Override
        public Map<String, Object> line() {
            Map<String, Object> line = Doc.of("do", "measure", "endpoint", endpoint);
            line.putAll(digests);
            return line;
        }
    }

    /** A journal knows of a contact. */
    record Contact(String set, String endpoint, String party) implements Event {
        @Override
        public Map<String, Object> line() {
            return Doc.of("do", "contact", "set", set, "endpoint", endpoint, "party", party);
        }
    }
}
