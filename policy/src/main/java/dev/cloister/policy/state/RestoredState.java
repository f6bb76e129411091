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
 * @param held flows that the operator has revoked
 * @param restarts when a domain was last started again by its rule, monotonic nanoseconds
 */
public record RestoredState(
        Optional<StateRecord.Begun> begun,
        boolean finished,
        Map<String, Process> domains,
        Map<String, Opening> channels,
        List<StateRecord.Leased> leases,
        Set<String> held,
        Map<String, List<Long>> restarts) {
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
     * @param code its exit code, once it has ended
     */
    public record Process(StateRecord.Spawned spawned, Phase phase, int code) {
        /** Whether the process was alive by the last record. */
        public boolean alive() {
            return phase == Phase.STARTING || phase == Phase.RUNNING || phase == Phase.PAUSED;
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
        held = java.util.Collections.unmodifiableSet(new LinkedHashSet<>(held));
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
        held.forEach(flow -> all.add(new StateRecord.Held(flow)));
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
                // Its time is kept by the list of restarts; this one only says that it is still to come.
                all.add(new StateRecord.Again(domain, Replay.KNOWN));
            }
        }
    }

    /** The state while records are taken. */
    private static final class Replay {
        /** A restart whose time was recorded before. */
        static final long KNOWN = Long.MIN_VALUE;

        private Optional<StateRecord.Begun> begun = Optional.empty();
        private boolean finished;
        private final Map<String, Process> domains = new LinkedHashMap<>();
        private final Map<String, Opening> channels = new LinkedHashMap<>();
        private final List<StateRecord.Leased> leases = new ArrayList<>();
        private final Set<String> held = new LinkedHashSet<>();
        private final Map<String, List<Long>> restarts = new LinkedHashMap<>();

        void take(StateRecord next) {
            switch (next) {
                case StateRecord.Begun r -> {
                    begun = Optional.of(r);
                    finished = false;
                }
                case StateRecord.Spawned r -> domains.put(r.domain(), new Process(r, Phase.STARTING, -1));
                case StateRecord.Runs r -> phase(r.domain(), Phase.RUNNING, -1);
                case StateRecord.Paused r -> phase(r.domain(), Phase.PAUSED, -1);
                case StateRecord.Ended r -> phase(r.domain(), Phase.ENDED, r.code());
                case StateRecord.Again r -> again(r);
                case StateRecord.Leased r -> leases.add(r);
                case StateRecord.Held r -> held.add(r.flow());
                case StateRecord.Lifted r -> held.remove(r.flow());
                case StateRecord.Opening r -> stage(r.flow(), r.epoch(), Stage.OPENING);
                case StateRecord.Live r -> stage(r.flow(), r.epoch(), Stage.LIVE);
                case StateRecord.Closed r -> stage(r.flow(), r.epoch(), Stage.CLOSED);
                case StateRecord.Finished _ -> finish();
            }
        }

        private void phase(String domain, Phase phase, int code) {
            domains.computeIfPresent(domain, (_, process) -> new Process(process.spawned(), phase, code));
        }

        private void again(StateRecord.Again r) {
            if (r.nanos() != KNOWN) {
                restarts.computeIfAbsent(r.domain(), _ -> new ArrayList<>()).add(r.nanos());
            }
            Process process = domains.get(r.domain());
            if (process != null) {
                phase(r.domain(), Phase.AGAIN, process.code());
            }
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
            restarts.clear();
        }

        RestoredState state() {
            return new RestoredState(begun, finished, domains, channels, leases, held, copied());
        }

        private Map<String, List<Long>> copied() {
            Map<String, List<Long>> copy = new LinkedHashMap<>();
            restarts.forEach((domain, times) -> copy.put(domain, List.copyOf(times)));
            return copy;
        }
    }
}
