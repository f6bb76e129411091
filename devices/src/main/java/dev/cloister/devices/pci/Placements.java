package dev.cloister.devices.pci;

import java.util.ArrayList;
import java.util.List;

/** The ranges of a bus that have memory behind them, and where each was last. Under the bus's lock. */
final class Placements {
    private static final long NOWHERE = -1;

    private static final class Placed {
        final PciBar bar;
        long base = NOWHERE;

        Placed(PciBar bar) {
            this.bar = bar;
        }

        void move(long next) {
            base = next;
            bar.placement().moved(next);
        }
    }

    private final List<Placed> all = new ArrayList<>();

    void add(PciBar bar) {
        if (bar.placement() != BarPlacement.NONE) {
            all.add(new Placed(bar));
        }
    }

    /** Tells those whose range is elsewhere now; first all that left their place, so that no two are ever in one. */
    void follow(BarDecoder decoder) {
        for (Placed placed : all) {
            if (placed.base != NOWHERE && decoder.baseOf(placed.bar.device()) != placed.base) {
                placed.move(NOWHERE);
            }
        }
        for (Placed placed : all) {
            long now = decoder.baseOf(placed.bar.device());
            if (now != placed.base) {
                placed.move(now);
            }
        }
    }
}
