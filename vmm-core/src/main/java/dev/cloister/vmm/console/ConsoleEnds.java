package dev.cloister.vmm.console;

import dev.cloister.devices.ByteSink;
import dev.cloister.devices.SerialInputPump;
import dev.cloister.devices.StreamSink;
import dev.cloister.devices.virtio.console.ConsoleDevice;
import dev.cloister.devices.virtio.console.ConsolePort;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The console device of a machine with what moves bytes between its ports and their other ends: two threads for each port. A port whose
 * other end takes nothing holds its guest's writers up.
 */
public final class ConsoleEnds implements AutoCloseable {
    private static final String TERMINAL = "console";
    private static final int OUTPUT_BYTES = 64 << 10;

    private final List<Line> lines = new ArrayList<>();
    private final ConsoleDevice device;
    private volatile ByteSink watcher = ByteSink.NONE;

    /** A port, its other end and what is between them. */
    private final class Line {
        private final HostEnd end;
        private final ConsolePort port;
        private final StreamSink sink;
        private Optional<SerialInputPump> pump = Optional.empty();

        Line(String name, HostEnd end, boolean watched) {
            this.end = end;
            this.sink = new StreamSink(end.output(), OUTPUT_BYTES, 0, name + "-out");
            this.port = new ConsolePort(name, watched ? this::watch : sink::offer);
            sink.onSpace(port::outputSpace);
        }

        private int watch(byte[] bytes, int offset, int length) {
            int taken = sink.offer(bytes, offset, length);
            for (int i = 0; i < taken; i++) {
                watcher.put(bytes[offset + i]);
            }
            return taken;
        }

        void start() {
            end.onConnection(port::setConnected);
            pump = Optional.of(new SerialInputPump(port, end.input(), port.name() + "-in"));
        }

        void close() {
            pump.ifPresent(SerialInputPump::close);
            sink.close();
        }
    }

    /**
     * Makes the device; nothing moves yet.
     *
     * @param config its ports
     * @throws IllegalArgumentException if there are too many, or one's name is wrong or there twice
     */
    public ConsoleEnds(ConsoleConfig config) {
        boolean made = false;
        try {
            Optional<ConsolePort> terminal = config.terminal().map(end -> line(TERMINAL, end, true));
            List<ConsolePort> ports = new ArrayList<>();
            config.ports().forEach(port -> ports.add(line(port.name(), port.end(), false)));
            device = new ConsoleDevice(terminal, ports);
            made = true;
        } finally {
            if (!made) {
                close();
            }
        }
    }

    private ConsolePort line(String name, HostEnd end, boolean watched) {
        Line line = new Line(name, end, watched);
        lines.add(line);
        return line.port;
    }

    /** Returns the device, to be shown to the guest. */
    public ConsoleDevice device() {
        return device;
    }

    /**
     * Has somebody else see what the guest says on its terminal.
     *
     * @param other gets each byte; must not wait
     */
    public void watch(ByteSink other) {
        watcher = other;
    }

    /** Begins to move bytes. */
    public void start() {
        lines.forEach(Line::start);
    }

    /** Ends that; what the guest has said is written before, as far as that takes a second. After the transport is closed. */
    @Override
    public void close() {
        lines.forEach(Line::close);
    }
}
