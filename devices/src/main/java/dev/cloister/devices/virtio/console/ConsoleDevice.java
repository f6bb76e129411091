package dev.cloister.devices.virtio.console;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.ConfigSpace;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.DeviceTraits;
import dev.cloister.devices.virtio.VirtQueue;
import dev.cloister.devices.virtio.VirtioDevice;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The console device with many ports (virtio 1.2, 5.3): port 0 is a terminal, the others are named lines.
 *
 * <p>Queues 0 and 1 are port 0's, 2 and 3 carry control messages, then two for each further port. What the device has to tell is kept as
 * what is due for each port, not as messages: a driver that asks again and again, and takes nothing, makes it keep no more.
 */
public final class ConsoleDevice implements VirtioDevice {
    /** The most named ports. */
    public static final int MAX_PORTS = 30;

    /** Feature bit: there are many ports, and control queues. */
    static final long MULTIPORT = 1 << 1;
    /** Feature bit: a byte can be written past the queues. */
    static final long EMERGENCY_WRITE = 1 << 2;

    private static final int TYPE = 3;
    /** Communication controller, other. */
    private static final int CLASS = 0x078000;

    private static final int QUEUE_SIZE = 128;
    private static final int CONTROL_QUEUE_SIZE = 32;
    private static final int CONFIG_BYTES = 12;
    private static final int CONFIG_PORTS = 4;
    private static final int CONFIG_EMERGENCY = 8;
    private static final int TO_DRIVER = 2;
    private static final int TO_DEVICE = 3;

    private final List<Optional<ConsolePort>> ports = new ArrayList<>();
    private final DeviceTraits traits;
    private final ConfigSpace config = new ConfigSpace(CONFIG_BYTES);
    private final Control control;
    private final Chain request = new Chain();
    private final byte[] message = new byte[Control.MOST_BYTES];
    private volatile boolean multiport;
    private volatile Optional<DeviceHost> host = Optional.empty();

    /**
     * A device.
     *
     * @param console the terminal, if there is one
     * @param named further ports, at most {@link #MAX_PORTS}, of different names
     * @throws IllegalArgumentException if there are more, or two of a name
     */
    public ConsoleDevice(Optional<ConsolePort> console, List<ConsolePort> named) {
        if (named.size() > MAX_PORTS) {
            throw new IllegalArgumentException(named.size() + " ports; expected at most " + MAX_PORTS);
        }
        long names = named.stream().map(ConsolePort::name).distinct().count();
        if (names < named.size()) {
            throw new IllegalArgumentException("two ports have the same name; a guest finds them by it");
        }
        ports.add(console);
        named.forEach(port -> ports.add(Optional.of(port)));
        List<Integer> sizes = new ArrayList<>(Collections.nCopies(2 * (ports.size() + 1), QUEUE_SIZE));
        sizes.set(TO_DRIVER, CONTROL_QUEUE_SIZE);
        sizes.set(TO_DEVICE, CONTROL_QUEUE_SIZE);
        traits = new DeviceTraits(TYPE, "console", CLASS, sizes);
        config.put(CONFIG_PORTS, Integer.BYTES, ports.size());
        control = new Control(ports);
        for (int i = 0; i < ports.size(); i++) {
            int id = i;
            ports.get(i).ifPresent(port -> port.bind(wires(id, port)));
        }
    }

    private ConsolePort.Wires wires(int id, ConsolePort port) {
        return new ConsolePort.Wires() {
            @Override
            public void serveInput() {
                host.ifPresent(h -> h.wake(receiveQueue(id)));
            }

            @Override
            public void serveOutput() {
                host.ifPresent(h -> h.wake(receiveQueue(id) + 1));
            }

            @Override
            public void connectionChanged(boolean there) {
                port.keepConnected(there);
                control.connectionChanged(id);
                host.ifPresent(h -> h.wake(TO_DRIVER));
            }
        };
    }

    private static int receiveQueue(int port) {
        return port == 0 ? 0 : 2 + 2 * port;
    }

    @Override
    public DeviceTraits traits() {
        return traits;
    }

    @Override
    public long features() {
        return MULTIPORT | EMERGENCY_WRITE;
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    @Override
    public void writeConfig(int offset, int size, long value) {
        if (offset == CONFIG_EMERGENCY) {
            ports.getFirst().ifPresent(port -> port.emergency((byte) value));
        }
    }

    @Override
    public void activate(long features, DeviceHost transport) {
        multiport = (features & MULTIPORT) != 0;
        if (!multiport) {
            // There is port 0 alone, and nothing to agree on.
            ports.getFirst().ifPresent(port -> port.setOpened(true));
        }
        host = Optional.of(transport);
    }

    @Override
    public void notified(int number, VirtQueue queue) {
        if (number == TO_DRIVER || number == TO_DEVICE) {
            if (multiport) {
                control(number, queue);
            }
            return;
        }
        int id = number < TO_DRIVER ? 0 : (number - 2) / 2;
        if (id > 0 && !multiport) {
            return;
        }
        ConsolePort port = ports.get(id).orElse(null);
        if (port == null) {
            return;
        }
        if (number == receiveQueue(id)) {
            port.receive(queue);
        } else {
            port.transmit(queue);
        }
    }

    private void control(int number, VirtQueue queue) {
        if (number == TO_DRIVER) {
            control.tell(queue);
        } else {
            hear(queue);
        }
    }

    private void hear(VirtQueue queue) {
        while (queue.pop(request)) {
            // Too short to be one: as if it had not been sent (5.3.6.2 knows no answer).
            if (request.readableBytes() >= Control.HEADER_BYTES) {
                request.read(0, message, 0, Control.HEADER_BYTES);
                control.hear(message, this::note).ifPresent(id -> host.ifPresent(h -> h.wake(receiveQueue(id))));
            }
            queue.push(request, 0);
        }
        host.ifPresent(h -> h.wake(TO_DRIVER));
    }

    private void note(String text) {
        host.ifPresent(h -> h.note(text));
    }

    @Override
    public void reset() {
        host = Optional.empty();
        control.reset();
        ports.forEach(port -> port.ifPresent(ConsolePort::reset));
    }
}
