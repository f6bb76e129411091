package dev.cloister.devices.virtio;

import dev.cloister.devices.virtio.console.ConsoleDevice;
import dev.cloister.devices.virtio.console.ConsolePort;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A terminal and two named lines, with host's ends that come and go and stop taking. A polite guest gets every byte, once and in order, and the
 * host as well; and the guest knows in the end which ports there are, what they are called, and at which somebody is.
 */
final class FuzzConsole implements FuzzTarget {
    private static final long MULTIPORT = 2;
    private static final int TO_DRIVER = 2;
    private static final int TO_DEVICE = 3;
    private static final int HEADER = 8;
    private static final int READY = 0;
    private static final int ADD = 1;
    private static final int PORT_READY = 3;
    private static final int CONSOLE = 4;
    private static final int OPEN = 6;
    private static final int NAME = 7;
    private static final int MOST_INPUT = 1000;

    private final List<Line> lines = new ArrayList<>();
    private FuzzBench bench;
    private ConsoleDevice device;
    private boolean readySaid;

    /** A port with both of its ends. */
    private final class Line {
        final int id;
        final ConsolePort port;
        int room;
        boolean there;
        long offered;
        long read;
        long said;
        long got;
        boolean known;
        boolean readySaid;
        boolean everOpened;
        boolean named;
        boolean told;

        Line(int id, String name) {
            this.id = id;
            port = new ConsolePort(name, this::take);
        }

        private int take(byte[] bytes, int offset, int length) {
            bench.meanwhile();
            int count = Math.min(length, room);
            for (int i = 0; i < count && bench.polite; i++) {
                require(bytes[offset + i] == fromGuest(got + i), "byte " + (got + i) + " from the guest is another");
            }
            require(!bench.polite || got + count <= said, "more than the guest has said");
            room -= count;
            got += count;
            return count;
        }

        byte fromGuest(long index) {
            return (byte) (index * 3 + (index >> 8) + id);
        }

        byte fromHost(long index) {
            return (byte) (index * 11 + (index >> 8) + id);
        }

        int receiveQueue() {
            return id == 0 ? 0 : 2 + 2 * id;
        }

        boolean usable() {
            return id == 0 || (bench.features & MULTIPORT) != 0;
        }

        void offer(int length) {
            byte[] bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = fromHost(offered + i);
            }
            offered += port.offerInput(bytes, 0, length);
        }

        void require(boolean condition, String otherwise) {
            if (!condition) {
                throw new AssertionError(otherwise + ": port " + id);
            }
        }
    }

    @Override
    public boolean speaks() {
        return true;
    }

    @Override
    public VirtioDevice device(FuzzBench with) {
        bench = with;
        lines.add(new Line(0, "console"));
        lines.add(new Line(1, "org.example.first"));
        lines.add(new Line(2, "second"));
        device = new ConsoleDevice(Optional.of(lines.get(0).port), List.of(lines.get(1).port, lines.get(2).port));
        return device;
    }

    private Line line(int choice) {
        return lines.get(choice % lines.size());
    }

    @Override
    public void event(FuzzBench with) {
        int kind = bench.next();
        Line line = line(bench.next());
        switch (kind % 4) {
            case 0 -> line.offer(bench.next16() % MOST_INPUT);
            case 1 -> {
                line.there = kind % 8 == 1;
                line.port.setConnected(line.there);
            }
            default -> {
                line.room += bench.next16() % MOST_INPUT;
                line.port.outputSpace();
            }
        }
    }

    @Override
    public void speak(FuzzBench with) {
        int kind = bench.next();
        Line line = line(bench.next());
        switch (kind % 8) {
            case 0 -> bench.driver.receive(TO_DRIVER, HEADER + bench.next() % 80);
            case 1, 2 -> bench.driver.receive(line.receiveQueue(), 1 + bench.next() * 8);
            case 3, 4 -> say(line, 1 + bench.next16() % bench.driver.room());
            case 5 -> control(line, kind / 8);
            case 6 -> {
                if (!bench.polite) {
                    wild();
                }
            }
            default -> bench.driver.receive(TO_DRIVER, HEADER + 64);
        }
    }

    private void say(Line line, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = line.fromGuest(line.said + i);
        }
        if (line.usable() && bench.driver.send(line.receiveQueue() + 1, bytes)) {
            line.said += length;
        }
    }

    private void control(Line line, int kind) {
        if (!readySaid) {
            readySaid = tell(0, READY, 1);
        } else if (kind % 4 == 0) {
            // Of a port that there isn't, of no event, or at the wrong time: nothing comes of it.
            tell(3 + bench.next16(), bench.next16(), bench.next16());
        } else if (!line.readySaid) {
            line.readySaid = line.known && tell(line.id, PORT_READY, 1);
        } else if (tell(line.id, OPEN, kind / 4 % 2)) {
            line.everOpened |= kind / 4 % 2 != 0;
        }
    }

    private boolean tell(int id, int event, int value) {
        ByteBuffer message = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        message.putInt(id).putShort((short) event).putShort((short) value);
        return bench.driver.send(TO_DEVICE, message.array());
    }

    private void wild() {
        byte[] bytes = new byte[1 + bench.next() % 12];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (bench.next() % 9);
        }
        bench.driver.send(TO_DEVICE, bytes);
    }

    @Override
    public void listen(FuzzBench with) {
        for (Line line : lines) {
            while (bench.driver.take(line.receiveQueue() + 1) != null) {
                // Said.
            }
            byte[] bytes = bench.driver.take(line.receiveQueue());
            while (bytes != null) {
                hear(line, bytes);
                bytes = bench.driver.take(line.receiveQueue());
            }
        }
        while (bench.driver.take(TO_DEVICE) != null) {
            // Told.
        }
        for (byte[] message = bench.driver.take(TO_DRIVER); message != null; message = bench.driver.take(TO_DRIVER)) {
            if (bench.polite) {
                hear(message);
            }
        }
    }

    private void hear(Line line, byte[] bytes) {
        if (bench.polite) {
            boolean opened = line.everOpened || (bench.features & MULTIPORT) == 0;
            line.require(opened && bytes.length > 0, "bytes for a port that was never opened, or none");
            for (int i = 0; i < bytes.length; i++) {
                line.require(bytes[i] == line.fromHost(line.read + i), "another byte from the host");
            }
        }
        line.read += bytes.length;
        line.require(!bench.polite || line.read <= line.offered, "more than the host has said");
    }

    private void hear(byte[] message) {
        ByteBuffer fields = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        int id = message.length < HEADER ? -1 : fields.getInt();
        if (id < 0 || id >= lines.size()) {
            throw new AssertionError("a message of " + message.length + " bytes for port " + id);
        }
        Line line = lines.get(id);
        int event = fields.getShort();
        boolean yes = fields.getShort() != 0;
        line.require(event == NAME || message.length == HEADER, "a message that is too long");
        switch (event) {
            case ADD -> line.known = true;
            case CONSOLE -> line.require(id == 0 && line.readySaid, "a console, which it isn't");
            case OPEN -> {
                line.require(line.readySaid, "opened before it was ready");
                line.told = yes;
            }
            case NAME -> {
                String name = new String(message, HEADER, message.length - HEADER, StandardCharsets.US_ASCII);
                // A buffer may have been too short for all of it.
                line.require(line.readySaid && line.port.name().startsWith(name), "is called " + name);
                line.named = true;
            }
            default -> throw new AssertionError("event " + event);
        }
    }

    @Override
    public void restarted(FuzzBench with) {
        readySaid = false;
        for (Line line : lines) {
            line.known = false;
            line.readySaid = false;
            line.everOpened = false;
            line.named = false;
            line.told = false;
            // What the device had not passed on went with the reset.
            line.said = line.got;
        }
    }

    @Override
    public void settle(FuzzBench with) {
        long before = -1;
        for (long now = progress(); now != before; now = progress()) {
            before = now;
            if (!readySaid) {
                readySaid = tell(0, READY, 1);
            }
            give(TO_DRIVER);
            bench.exchange();
            lines.forEach(this::settle);
            give(TO_DRIVER);
            bench.exchange();
        }
        for (Line line : lines) {
            line.require(!line.usable() || line.read == line.offered, "bytes of the host never came");
            line.require(line.got == line.said, "bytes of the guest never came");
            if ((bench.features & MULTIPORT) != 0) {
                line.require(line.known && line.named, "the guest does not know of it");
                line.require(line.told == line.there, "the guest is wrong about who is there");
            }
        }
    }

    private void give(int queue) {
        while (bench.driver.receive(queue, bench.driver.room())) {
            // As many as there can be.
        }
    }

    private void settle(Line line) {
        if (!line.readySaid) {
            line.readySaid = line.known && tell(line.id, PORT_READY, 1);
            bench.exchange();
        }
        line.everOpened |= tell(line.id, OPEN, 1);
        line.room = Integer.MAX_VALUE;
        line.port.outputSpace();
        if (line.usable()) {
            give(line.receiveQueue());
        }
        bench.exchange();
    }

    private long progress() {
        long sum = readySaid ? 1 : 0;
        for (Line line : lines) {
            sum += line.read + line.got + (line.known ? 1 : 0) + (line.readySaid ? 2 : 0) + (line.named ? 4 : 0);
        }
        return sum;
    }
}
