package dev.cloister.devices;

import java.util.ArrayList;
import java.util.List;

/** Writes down what devices do to the outside. */
final class Recorder implements MachineControl, InterruptLine {
    final List<String> events = new ArrayList<>();
    boolean level;
    int edges;

    @Override
    public void powerOff() {
        events.add("power off");
    }

    @Override
    public void reset() {
        events.add("reset");
    }

    @Override
    public void debugExit(int value) {
        events.add("exit " + value);
    }

    @Override
    public void setLevel(boolean high) {
        if (high == level) {
            throw new AssertionError("the line is told " + high + " twice");
        }
        level = high;
        edges += high ? 1 : 0;
    }
}
