package dev.cloister.it.attack;

import dev.cloister.policy.client.PolicyDaemonClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Asks for one change after another until the daemon is gone or it is told to end, and keeps what was acknowledged. Its thread's, but
 * for {@link #done} and {@link #end}.
 */
final class Operator implements Runnable {
    /** Asked, and answered with success. The records that must be in the log come after {@code seq}. */
    record Acknowledged(Order order, long seq) {}

    /** What is asked for. */
    enum Order {
        /** Takes {@code aux} away. */
        REVOKE("aux", List.of("operator", "channelRevoked", "channelCut")),
        /** Gives it back. */
        OPEN("aux", List.of("operator", "channelOpen")),
        /** Stops {@code far}. */
        STOP("far", List.of("operator")),
        /** Starts it. */
        START("far", List.of("operator", "domainStart")),
        /** Pauses {@code sink}. */
        PAUSE("sink", List.of("operator")),
        /** Resumes it. */
        RESUME("sink", List.of("operator"));

        private final String object;
        private final List<String> events;

        Order(String object, List<String> events) {
            this.object = object;
            this.events = events;
        }

        /** The flow or domain that it is about. */
        String object() {
            return object;
        }

        /** Kinds of records that it leaves, in order. */
        List<String> events() {
            return events;
        }

        private void ask(PolicyDaemonClient client) throws IOException {
            switch (this) {
                case REVOKE -> client.revoke(object);
                case OPEN -> client.open(object);
                case STOP -> client.stop(object);
                case START -> client.start(object);
                case PAUSE -> client.pause(object);
                case RESUME -> client.resume(object);
            }
        }
    }

    private final PolicyDaemonClient client;
    private final Random random;
    private final List<Acknowledged> acknowledged = new ArrayList<>();
    private final Map<String, Order> state = new HashMap<>();
    private String lastHash = "";
    private long lastRecords;
    private int refused;
    private volatile int done;
    private volatile boolean ending;

    Operator(PolicyDaemonClient client, long seed) {
        this.client = client;
        this.random = new Random(seed);
    }

    @Override
    public void run() {
        try (client) {
            while (!ending) {
                Order first = List.of(Order.REVOKE, Order.STOP, Order.PAUSE).get(random.nextInt(3));
                ask(first);
                if (!ending || first == Order.PAUSE) {
                    ask(Order.values()[first.ordinal() + 1]);
                }
            }
        } catch (IOException e) {
            // The daemon is gone: what is under way may have happened or not.
            ending = true;
        }
    }

    private void ask(Order order) throws IOException {
        note();
        state.remove(order.object());
        try {
            order.ask(client);
            acknowledged.add(new Acknowledged(order, lastRecords));
            state.put(order.object(), order);
            note();
        } catch (PolicyDaemonClient.RefusedException e) {
            // A domain that was just killed is in no state for it: nothing was promised.
            refused++;
        }
        done = acknowledged.size() + refused;
    }

    private void note() throws IOException {
        var head = client.auditHead();
        lastRecords = head.records();
        lastHash = head.hash();
    }

    /** Orders answered so far. */
    int done() {
        return done;
    }

    /** Lets it end after the order that is under way. */
    void end() {
        ending = true;
    }

    /** What was acknowledged; after the thread's end. */
    List<Acknowledged> acknowledged() {
        return List.copyOf(acknowledged);
    }

    /** The last order for a flow or domain, if that was acknowledged and nothing else was asked since; after the thread's end. */
    Optional<Order> last(String object) {
        return Optional.ofNullable(state.get(object));
    }

    /** The last acknowledged head; after the thread's end. */
    String head() {
        return lastHash;
    }

    /** Its number of records; after the thread's end. */
    long records() {
        return lastRecords;
    }
}
