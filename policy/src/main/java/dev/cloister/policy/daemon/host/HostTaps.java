package dev.cloister.policy.daemon.host;

import dev.cloister.linux.Fd;
import dev.cloister.linux.Tap;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The taps that wires lead to. Each is opened for the first channel that needs it and closed a while after the last has ended, so that
 * it stays the daemon's between two openings of a channel; no VMM ever has it. Loop's thread only.
 */
public final class HostTaps implements AutoCloseable {
    /** Where something is done later, after a while in which the relay has let go of what was cut. */
    private final Consumer<Runnable> later;

    private final Map<String, Slot> slots = new HashMap<>();

    /** A tap with those who use it. */
    private static final class Slot {
        private final Tap tap;
        private int uses;
        private boolean read;
        /** How often it has been used, so that who looks later knows whether it has been idle all the time. */
        private long turns;

        Slot(Tap tap) {
            this.tap = tap;
        }
    }

    /**
     * None is open.
     *
     * @param later does what it is given after a while, on the loop's thread, or never
     */
    HostTaps(Consumer<Runnable> later) {
        this.later = later;
    }

    /** One channel's use of a tap, whose descriptor stays the owner's. */
    public final class Lease implements AutoCloseable {
        private final Slot slot;
        private final boolean reads;

        private Lease(Slot slot, boolean reads) {
            this.slot = slot;
            this.reads = reads;
            slot.uses++;
            slot.turns++;
            slot.read |= reads;
        }

        /** The tap's descriptor, as long as the lease. */
        public Fd fd() {
            return slot.tap.fd();
        }

        @Override
        public void close() {
            slot.uses--;
            slot.read &= !reads;
            if (slot.uses == 0) {
                long seen = slot.turns;
                later.accept(() -> closeIfIdle(slot, seen));
            }
        }
    }

    private void closeIfIdle(Slot slot, long seen) {
        if (slot.turns == seen && slots.remove(slot.tap.name(), slot)) {
            slot.tap.close();
        }
    }

    /** The interface at the host's end of a flow; none where two domains are its ends. */
    public static Optional<String> interfaceOf(Flow flow) {
        return Stream.of(flow.from(), flow.to())
                .filter(HostEndpoint.class::isInstance)
                .map(end -> ((HostEndpoint) end).object())
                .filter(HostObject.Tap.class::isInstance)
                .map(tap -> ((HostObject.Tap) tap).interfaceName())
                .findAny();
    }

    /**
     * Begins to take what the host sends. Frames that have waited since before are lost.
     *
     * @param endpoint the tap
     * @param flow who wants it
     * @throws IOException if it can't be opened, or another channel reads it: each frame would reach one of them by chance
     */
    public Lease read(HostEndpoint endpoint, String flow) throws IOException {
        Slot slot = slot(endpoint);
        if (slot.read) {
            throw new IOException(endpoint.name() + " is read by another flow than " + flow
                    + " already; expected one domain for each tap: make another, and a bridge of both on the host");
        }
        slot.tap.discardWaiting();
        return new Lease(slot, true);
    }

    /**
     * Begins to give frames to the host.
     *
     * @param endpoint the tap
     * @throws IOException if it can't be opened
     */
    public Lease write(HostEndpoint endpoint) throws IOException {
        return new Lease(slot(endpoint), false);
    }

    private Slot slot(HostEndpoint endpoint) throws IOException {
        if (!(endpoint.object() instanceof HostObject.Tap stated)) {
            throw new IllegalArgumentException(endpoint.name() + " is no tap");
        }
        String name = stated.interfaceName();
        Slot there = slots.get(name);
        if (there != null && there.tap.isAttached()) {
            return there;
        }
        if (there != null) {
            // Its interface was removed; there may be another by that name.
            slots.remove(name);
            there.tap.close();
        }
        Slot made = new Slot(Tap.openBare(name));
        slots.put(name, made);
        return made;
    }

    @Override
    public void close() {
        slots.values().forEach(slot -> slot.tap.close());
        slots.clear();
    }
}
