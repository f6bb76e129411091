package dev.cloister.policy.partition;

import java.io.IOException;
import java.util.BitSet;

/** A mechanism that resumes, but fails to stop. */
final class BrokenStoppers implements StopperFactory {
    @Override
    public String mechanism() {
        return "none";
    }

    @Override
    public boolean enforced() {
        return false;
    }

    @Override
    public Stopper of(String name, long pid) {
        return new Stopper() {
            @Override
            public void stop() throws IOException {
                throw new IOException("the group is gone");
            }

            @Override
            public boolean stopped() {
                return false;
            }

            @Override
            public void resume() {}

            @Override
            public void place(BitSet cpus) {}

            @Override
            public void letDie() {}

            @Override
            public boolean release() {
                return true;
            }
        };
    }

    @Override
    public void sweep() {}
}
