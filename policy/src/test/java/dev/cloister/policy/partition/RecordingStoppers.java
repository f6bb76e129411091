package dev.cloister.policy.partition;

import dev.cloister.linux.Scheduling;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Notes when each domain was let run and where, and when it was seen to stand; passes everything on. */
final class RecordingStoppers implements StopperFactory {
    /** A span in which a domain could run. */
    record Run(String domain, BitSet cpus, long from, long to) {}

    private final StopperFactory real;
    private final List<Run> runs = new ArrayList<>();

    RecordingStoppers(StopperFactory real) {
        this.real = real;
    }

    synchronized List<Run> runs() {
        return List.copyOf(runs);
    }

    private synchronized void add(Run run) {
        runs.add(run);
    }

    @Override
    public String mechanism() {
        return real.mechanism();
    }

    @Override
    public boolean enforced() {
        return real.enforced();
    }

    @Override
    public Stopper of(String name, long pid) throws IOException {
        Stopper stopper = real.of(name, pid);
        return new Stopper() {
            private BitSet cpus = new BitSet();
            private long since;

            @Override
            public void stop() throws IOException {
                stopper.stop();
            }

            @Override
            public boolean stopped() throws IOException {
                boolean stands = stopper.stopped();
                if (stands && since != 0) {
                    add(new Run(name, cpus, since, Scheduling.now()));
                    since = 0;
                }
                return stands;
            }

            @Override
            public void resume() throws IOException {
                since = Scheduling.now();
                stopper.resume();
            }

            @Override
            public void place(BitSet newCpus) throws IOException {
                cpus = newCpus;
                stopper.place(newCpus);
            }

            @Override
            public void letDie() throws IOException {
                stopper.letDie();
            }

            @Override
            public boolean release() {
                return stopper.release();
            }
        };
    }

    @Override
    public void sweep() {
        real.sweep();
    }
}
