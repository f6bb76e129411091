package dev.cloister.policy.state;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a journal's records amount to: a pure function of them.
 *
 * @param begun the last daemon that began; none in a new journal
 * @param finished whether that daemon ended in order
 * @param domains processes by their domain's name, in the order of their start
 * @param channels openings by their flow's name
 * @param leases units taken of quotas, in the order in which they were
 * @param orders what the operator has ordered and not taken back
 * @param restarts when a domain was last started again by its rule, monotonic nanoseconds
 */
public record RestoredState(
        Optional<StateRecord.Begun> begun,
        boolean finished,
        Map<String, Process> domains,
        Map<String, Opening> channels,
        List<StateRecord.Leased> leases,
        Orders orders,
        Map<String, List<Long>> restarts) {
    /** Stands before the digest of a policy that came into force while a daemon ran. */
    static final String LOADED = "loaded ";

    /** How far a domain has come. */
    public enum Phase {
        /** It has a process whose guest does not run yet. */
        STARTING,
        /** Its guest runs. */
        RUNNING,
        /** Its guest stands still, or is to. */
        PAUSED,
        /** Its process is gone. */
        ENDED,
        /** Its process is gone; it is to be started again. */
        AGAIN
    }

    /**
     * A domain's process.
     *
     * @param spawned its start
     * @param phase how far it has come
     * @param code its exit code, once its VMM has said it or it has ended; else -1
     */
    public record Process(StateRecord.Spawned spawned, Phase phase, int code) {
        /** Whether the process was alive by the last record. */
        public boolean alive() {
            return phase == Phase.STARTING || phase == Phase.RUNNING || phase == Phase.PAUSED;
        }
    }

    /**
     * The operator's word.
     *
     * @param held flows that are revoked
     * @param stopped domains that shall not run, with the monotonic moment at which their guests' time to shut down is over
     * @param major the major frame that follows; none if no other was chosen than the policy's first
     * @param ending whether all domains and the daemon are to end
     */
    public record Orders(Set<String> held, Map<String, Long> stopped, Optional<String> major, boolean ending) {
        /** Copies the collections. */
        public Orders {
            held = java.util.Collections.unmodifiableSet(new LinkedHashSet<>(held));
            stopped = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(stopped));
        }

        /** The same with another end in view: whether all is to end. */
        public Orders ending(boolean now) {
            return new Orders(held, stopped, major, now);
        }
    }

    /**
     * The last opening of a channel.
     *
     * @param epoch which it is
     * @param stage how far it has come
     */
    public record Opening(int epoch, Stage stage) {}

    /** How far an opening has come. */
    public enum Stage {
        /** It is being handed over. */
        OPENING,
        /** It is live, or being taken away. */
        LIVE,
        /** Nothing of it is left. */
        CLOSED
    }

    /** Copies the collections. */
    public RestoredState {
        domains = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(domains));
        channels = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(channels));
        leases = List.copyOf(leases);
        restarts = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(restarts));
    }

    /**
     * Replays records.
     *
     * @param records a journal's, from its beginning
     * @return what they amount to
     */
    public static RestoredState of(List<StateRecord> records) {
        Replay replay = new Replay();
        records.forEach(replay::take);
        return replay.state();
    }

    /**
     * The last beginning, where what it says of times still counts.
     *
     * @param boot the present boot's identity
     * @param digest the digest of the policy that is in force now
     * @return none if it was in another boot, or if another policy was in force last
     */
    public Optional<StateRecord.Begun> begun(String boot, String digest) {
        return begun.filter(b -> b.boot().equals(boot))
                .filter(b -> b.digest().equals(digest) || b.digest().equals(LOADED + digest));
    }

    /**
     * Returns the fewest records that amount to this state.
     *
     * @param youngest leases before this time of the wall clock are left out
     * @return the records
     */
    public List<StateRecord> records(long youngest) {
        List<StateRecord> all = new ArrayList<>();
        begun.ifPresent(all::add);
        for (StateRecord.Leased lease : leases) {
            if (lease.wallMillis() >= youngest) {
                all.add(lease);
            }
        }
        restarts.forEach((domain, times) -> times.forEach(nanos -> all.add(new StateRecord.Again(domain, nanos))));
        domains.forEach((domain, process) -> add(all, domain, process));
        channels.forEach((flow, opening) -> {
            all.add(new StateRecord.Opening(flow, opening.epoch()));
            switch (opening.stage()) {
                case OPENING -> {}
                case LIVE -> all.add(new StateRecord.Live(flow, opening.epoch()));
                case CLOSED -> all.add(new StateRecord.Closed(flow, opening.epoch()));
            }
        });
        orders.held().forEach(flow -> all.add(new StateRecord.Held(flow)));
        orders.stopped().forEach((domain, until) -> all.add(new StateRecord.Stopped(domain, until)));
        orders.major().ifPresent(major -> all.add(new StateRecord.Follows(major)));
        if (orders.ending()) {
            all.add(new StateRecord.Ending());
        }
        if (finished) {
            all.add(new StateRecord.Finished());
        }
        return all;
    }

    private static void add(List<StateRecord> all, String domain, Process process) {
        all.add(process.spawned());
        switch (process.phase()) {
            case STARTING -> {}
            case RUNNING -> all.add(new StateRecord.Runs(domain));
            case PAUSED -> all.add(new StateRecord.Paused(domain));
            case ENDED -> all.add(new StateRecord.Ended(domain, process.code()));
            case AGAIN -> {
                all.add(new StateRecord.Ended(domain, process.code()));
                // The restart's time is in the list of restarts.
                all.add(new StateRecord.Waits(domain));
            }
        }
        if (process.alive() && process.code() >= 0) {
            all.add(new StateRecord.Exiting(domain, process.code()));
        }
    }

    /** The state while records are taken. */
    private static final class Replay {
        private Optional<StateRecord.Begun> begun = Optional.empty();
        private boolean finished;
        private final Map<String, Process> domains = new LinkedHashMap<>();
        private final Map<String, Opening> channels = new LinkedHashMap<>();
        private final List<StateRecord.Leased> leases = new ArrayList<>();
        private final Set<String> held = new LinkedHashSet<>();
        private final Map<String, Long> stopped = new LinkedHashMap<>();
        private Optional<String> major = Optional.empty();
        private boolean ending;
        private final Map<String, List<Long>> restarts = new LinkedHashMap<>();

        void take(StateRecord next) {
            switch (next) {
                case StateRecord.Begun r -> {
                    begun = Optional.of(r);
                    finished = false;
                }
                case StateRecord.Spawned r -> {
                    stopped.remove(r.domain());
                    domains.put(r.domain(), new Process(r, Phase.STARTING, -1));
                }
                case StateRecord.Runs r -> phase(r.domain(), Phase.RUNNING, -1);
                case StateRecord.Paused r -> phase(r.domain(), Phase.PAUSED, -1);
                case StateRecord.Ended r -> phase(r.domain(), Phase.ENDED, r.code());
                case StateRecord.Exiting r -> exiting(r);
                case StateRecord.Again r -> {
                    restarts.computeIfAbsent(r.domain(), _ -> new ArrayList<>()).add(r.nanos());
                    again(r.domain());
                }
                case StateRecord.Waits r -> again(r.domain());
                case StateRecord.Stopped r -> stopped.put(r.domain(), r.until());
                case StateRecord.Follows r -> major = Optional.of(r.major());
                case StateRecord.Leased r -> leases.add(r);
                case StateRecord.Held r -> held.add(r.flow());
                case StateRecord.Lifted r -> held.remove(r.flow());
                case StateRecord.Opening r -> stage(r.flow(), r.epoch(), Stage.OPENING);
                case StateRecord.Live r -> stage(r.flow(), r.epoch(), Stage.LIVE);
                case StateRecord.Closed r -> stage(r.flow(), r.epoch(), Stage.CLOSED);
                case StateRecord.Ending _ -> ending = true;
                case StateRecord.Finished _ -> finish();
            }
        }

        private void phase(String domain, Phase phase, int code) {
            domains.computeIfPresent(domain, (_, process) -> new Process(process.spawned(), phase, code));
        }

        private void exiting(StateRecord.Exiting r) {
            domains.computeIfPresent(
                    r.domain(), (_, process) -> new Process(process.spawned(), process.phase(), r.code()));
        }

        private void again(String domain) {
            domains.computeIfPresent(
                    domain, (_, process) -> new Process(process.spawned(), Phase.AGAIN, process.code()));
        }

        /** An epoch never goes back. */
        private void stage(String flow, int epoch, Stage stage) {
            Opening known = channels.get(flow);
            if (known == null || epoch >= known.epoch()) {
                channels.put(flow, new Opening(epoch, stage));
            }
        }

        /** An orderly end leaves what was used of quotas; the rest begins anew. */
        private void finish() {
            finished = true;
            domains.clear();
            channels.clear();
            held.clear();
            stopped.clear();
            major = Optional.empty();
            ending = false;
            restarts.clear();
        }

        RestoredState state() {
            return new RestoredState(
                    begun, finished, domains, channels, leases, new Orders(held, stopped, major, ending), copied());
        }

        private Map<String, List<Long>> copied() {
            Map<String, List<Long>> copy = new LinkedHashMap<>();
            restarts.forEach((domain, times) -> copy.put(domain, List.copyOf(times)));
            return copy;
        }
    }
}
