package dev.cloister.devices.virtio.console;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.VirtQueue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** What device and driver tell each other of the ports (virtio 1.2, 5.3.6.2). Any thread. */
final class Control {
    static final int HEADER_BYTES = 8;
    static final int MOST_BYTES = HEADER_BYTES + 64;

    // Events; a bit of this number in what is due.
    private static final int DEVICE_READY = 0;
    private static final int PORT_ADD = 1;
    private static final int PORT_READY = 3;
    private static final int CONSOLE_PORT = 4;
    private static final int PORT_OPEN = 6;
    private static final int PORT_NAME = 7;

    private final List<Optional<ConsolePort>> ports;
    private final int[] due;
    /** Ports that the driver knows of. */
    private final boolean[] ready;

    private final Chain chain = new Chain();
    private final byte[] message = new byte[MOST_BYTES];

    Control(List<Optional<ConsolePort>> ports) {
        this.ports = ports;
        this.due = new int[ports.size()];
        this.ready = new boolean[ports.size()];
    }

    synchronized void reset() {
        for (int i = 0; i < due.length; i++) {
            due[i] = 0;
            ready[i] = false;
        }
    }

    synchronized void connectionChanged(int id) {
        if (ready[id]) {
            due[id] |= 1 << PORT_OPEN;
        }
    }

    /**
     * Takes a message of the driver.
     *
     * @return the port whose input can be taken now
     */
    OptionalInt hear(byte[] header, Consumer<String> note) {
        ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        int id = fields.getInt();
        int event = Short.toUnsignedInt(fields.getShort());
        boolean yes = fields.getShort() != 0;
        if (event == DEVICE_READY) {
            deviceReady(yes, note);
            return OptionalInt.empty();
        }
        // Of a port that isn't there nothing can be said; the driver is not worth a reset for that.
        boolean there = id >= 0 && id < ports.size() && ports.get(id).isPresent();
        if (!there) {
            return OptionalInt.empty();
        }
        if (event == PORT_READY) {
            portReady(id, yes, note);
        } else if (event == PORT_OPEN) {
            ports.get(id).orElseThrow().setOpened(yes);
            return yes ? OptionalInt.of(id) : OptionalInt.empty();
        }
        return OptionalInt.empty();
    }

    private synchronized void deviceReady(boolean yes, Consumer<String> note) {
        if (!yes) {
            note.accept("the guest's driver says that it can't use the device");
            return;
        }
        for (int i = 0; i < due.length; i++) {
            due[i] = ports.get(i).isPresent() ? 1 << PORT_ADD : 0;
        }
    }

    private synchronized void portReady(int id, boolean yes, Consumer<String> note) {
        if (!yes) {
            note.accept("the guest's driver says that it can't use port " + id);
            return;
        }
        ready[id] = true;
        due[id] |= 1 << PORT_NAME
                | (id == 0 ? 1 << CONSOLE_PORT : 0)
                | (ports.get(id).orElseThrow().isConnected() ? 1 << PORT_OPEN : 0);
    }

    /** Tells the driver what is due, as far as it gives buffers. */
    void tell(VirtQueue queue) {
        for (int id = next(); id >= 0 && queue.pop(chain); id = next()) {
            int length = take(id);
            // A buffer that is too short takes the beginning: the driver finds a message of that length.
            int fits = (int) Math.min(length, chain.writableBytes());
            chain.write(0, message, 0, fits);
            queue.push(chain, fits);
        }
    }

    private synchronized int next() {
        for (int i = 0; i < due.length; i++) {
            if (due[i] != 0) {
                return i;
            }
        }
        return -1;
    }

    /** Makes a port's next message; the events' numbers are in the order in which the driver needs them. */
    private synchronized int take(int id) {
        int event = Integer.numberOfTrailingZeros(due[id]);
        if (event >= Integer.SIZE) {
            return 0;
        }
        due[id] &= ~(1 << event);
        ConsolePort port = ports.get(id).orElseThrow();
        ByteBuffer fields = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        boolean yes = event != PORT_OPEN || port.isConnected();
        fields.putInt(id).putShort((short) event).putShort((short) (yes ? 1 : 0));
        if (event == PORT_NAME) {
            fields.put(port.name().getBytes(StandardCharsets.US_ASCII));
        }
        return fields.position();
    }
}
