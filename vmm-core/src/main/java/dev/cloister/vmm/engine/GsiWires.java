package dev.cloister.vmm.engine;

import dev.cloister.devices.InterruptLine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Lines that devices keep while the interrupt chips at their other end are replaced, when a machine is restarted. A line is driven by any
 * thread; the rest belongs to the thread that makes or restarts the machine.
 */
public final class GsiWires {
    private final List<Wire> wires = new ArrayList<>();

    /** One line. */
    private static final class Wire implements InterruptLine {
        private final int gsi;
        private volatile InterruptLine end;

        Wire(int gsi, InterruptLine end) {
            this.gsi = gsi;
            this.end = end;
        }

        @Override
        public void setLevel(boolean high) {
            end.setLevel(high);
        }
    }

    /** A line to a chip's pin. */
    public InterruptLine line(int gsi, InterruptLine end) {
        Wire wire = new Wire(gsi, end);
        synchronized (wires) {
            wires.add(wire);
        }
        return wire;
    }

    /** Leads all lines to other chips; devices have taken them low before. */
    public void connect(IntFunction<InterruptLine> chips) {
        synchronized (wires) {
            wires.forEach(wire -> wire.end = chips.apply(wire.gsi));
        }
    }
}
