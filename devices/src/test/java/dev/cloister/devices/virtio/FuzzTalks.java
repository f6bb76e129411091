package dev.cloister.devices.virtio;

import dev.cloister.devices.virtio.vsock.VsockHost;
import dev.cloister.devices.virtio.vsock.VsockPacket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A guest's side of its connections: keeps their credit and order, except where the input has it say something else. */
final class FuzzTalks {
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int MAX_TALKS = 64;
    private static final int HEADER = VsockPacket.HEADER_BYTES;

    private final FuzzSockets host;
    private final Map<Key, Key> keys = new LinkedHashMap<>();
    private final Map<Key, Talk> talks = new LinkedHashMap<>();
    private int ports = 100;

    /** What tells connections apart; each is used once, but by a guest that is told to break the rules. */
    static final class Key {
        private final long cid;
        private final int port;
        private final int guestPort;
        private boolean wild;

        private Key(long cid, int port, int guestPort) {
            this.cid = cid;
            this.port = port;
            this.guestPort = guestPort;
        }

        long cid() {
            return cid;
        }

        int port() {
            return port;
        }

        int guestPort() {
            return guestPort;
        }

        /** Whether the guest has broken a rule, so that the connection may end in any way. */
        boolean wild() {
            return wild;
        }

        byte fromHost(long index) {
            return (byte) (index * 7 + (index >> 8) + port + guestPort);
        }

        byte fromGuest(long index) {
            return (byte) (index * 5 + (index >> 8) + port * 3 + guestPort);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && key.cid == cid && key.port == port && key.guestPort == guestPort;
        }

        @Override
        public int hashCode() {
            return (Long.hashCode(cid) * 31 + port) * 31 + guestPort;
        }

        @Override
        public String toString() {
            return cid + ":" + port + " and the guest's " + guestPort;
        }
    }

    /** One connection as the guest knows it. */
    private static final class Talk {
        final Key key;
        boolean asked;
        boolean stands;
        boolean over;
        int shutdown;
        boolean hostSendsNoMore;
        boolean hostTakesNoMore;
        long sent;
        long hostRoom;
        long received;
        long consumed;
        /** The furthest that the guest has ever allowed the host to send. */
        long allowed;

        int room;

        Talk(Key key) {
            this.key = key;
        }

        void require(boolean condition, String otherwise) {
            if (!condition && !key.wild) {
                throw new AssertionError(otherwise + ": " + key);
            }
        }
    }

    FuzzTalks(FuzzSockets host) {
        this.host = host;
    }

    /** The key of these, always the same object. */
    Key key(long cid, int port, int guestPort) {
        Key key = new Key(cid, port, guestPort);
        Key known = keys.putIfAbsent(key, key);
        return known == null ? key : known;
    }

    /** The device was reset: there are no connections. */
    void forget() {
        talks.clear();
    }

    void speak(FuzzBench bench) {
        int kind = bench.next();
        if (kind % 4 == 0) {
            bench.driver.receive(RECEIVE, Math.min(bench.driver.room(), HEADER + 1 + bench.next() * 17));
            return;
        }
        Talk talk = talks.isEmpty() ? null : pick(bench.next());
        if (talk == null || kind % 16 == 1) {
            open(bench);
        } else if (kind > 0xf8) {
            wild(bench, talk);
        } else if (talk.over) {
            talks.remove(talk.key);
        } else if (!talk.stands) {
            answer(bench, talk, kind);
        } else {
            go(bench, talk, kind);
        }
    }

    private Talk pick(int index) {
        return new ArrayList<>(talks.values()).get(index % talks.size());
    }

    private void open(FuzzBench bench) {
        if (talks.size() < MAX_TALKS && bench.driver.out(TRANSMIT) < bench.driver.chains(TRANSMIT)) {
            Key key = key(bench.next() % 8 == 0 ? 11 : VsockHost.HOST_CID, 50 + bench.next() % 3, ports++);
            Talk talk = new Talk(key);
            talk.asked = true;
            talk.room = bench.next16();
            talks.put(key, talk);
            send(bench, talk, VsockPacket.REQUEST, 0, 0);
        }
    }

    private void answer(FuzzBench bench, Talk talk, int kind) {
        if (talk.asked) {
            if (kind % 16 == 2) {
                end(bench, talk);
            }
            return;
        }
        if (kind % 16 == 2) {
            end(bench, talk);
        } else {
            talk.room = bench.next16();
            talk.stands = send(bench, talk, VsockPacket.RESPONSE, 0, 0);
        }
    }

    private void end(FuzzBench bench, Talk talk) {
        talk.over |= send(bench, talk, VsockPacket.RST, 0, 0);
    }

    private void go(FuzzBench bench, Talk talk, int kind) {
        switch (kind % 16) {
            case 2 -> {
                if (bench.next() % 4 == 0) {
                    end(bench, talk);
                }
            }
            case 3 -> {
                int flags = bench.next() % 4;
                if (send(bench, talk, VsockPacket.SHUTDOWN, talk.shutdown | flags, 0)) {
                    talk.shutdown |= flags;
                }
            }
            case 5 -> send(bench, talk, VsockPacket.CREDIT_REQUEST, 0, 0);
            case 6, 7 -> update(bench, talk, bench.next16());
            default -> data(bench, talk);
        }
    }

    /** All that was received is consumed, and the buffer may be another, but no smaller than what was promised. */
    private boolean update(FuzzBench bench, Talk talk, int room) {
        long before = talk.consumed;
        talk.consumed = talk.received;
        talk.room = (int) Math.max(room, talk.allowed - talk.consumed);
        boolean done = send(bench, talk, VsockPacket.CREDIT_UPDATE, 0, 0);
        talk.consumed = done ? talk.consumed : before;
        return done;
    }

    private void data(FuzzBench bench, Talk talk) {
        boolean may = (talk.shutdown & VsockPacket.NO_SEND) == 0 && !talk.hostTakesNoMore;
        int length =
                (int) Math.min(talk.hostRoom - talk.sent, Math.min(bench.next() * 16, bench.driver.room() - HEADER));
        if (may && length >= 0 && send(bench, talk, VsockPacket.RW, 0, length)) {
            talk.sent += length;
        }
    }

    private static boolean send(FuzzBench bench, Talk talk, int operation, int flags, int length) {
        byte[] bytes = new byte[HEADER + length];
        for (int i = 0; i < length; i++) {
            bytes[HEADER + i] = talk.key.fromGuest(talk.sent + i);
        }
        header(talk, operation, flags, length).get(0, bytes, 0, HEADER);
        boolean done = bench.driver.send(TRANSMIT, bytes);
        if (done) {
            talk.allowed = Math.max(talk.allowed, talk.consumed + talk.room);
        }
        return done;
    }

    private static ByteBuffer header(Talk talk, int operation, int flags, int length) {
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(FuzzSockets.CID).putLong(talk.key.cid);
        header.putInt(talk.key.guestPort).putInt(talk.key.port);
        header.putInt(length).putShort((short) VsockPacket.STREAM).putShort((short) operation);
        return header.putInt(flags).putInt(talk.room).putInt((int) talk.consumed);
    }

    /** A packet of a connection that there is, with one thing in it that is wrong, or right at the wrong time. */
    private void wild(FuzzBench bench, Talk talk) {
        int length = bench.next();
        ByteBuffer header = header(talk, bench.next() % 9, bench.next() % 5, length);
        switch (bench.next() % 8) {
            case 0 -> header.putInt(24, bench.next16() << bench.next() % 17);
            case 1 -> header.putShort(28, (short) bench.next());
            case 2 -> header.putShort(30, (short) bench.next16());
            case 3 -> header.putInt(36, bench.next16() << bench.next() % 17);
            case 4 -> header.putInt(40, bench.next16() << bench.next() % 17);
            case 5 -> header.putInt(20, bench.next());
            case 6 -> header.putLong(bench.next() % 2 * 8, bench.next64());
            default -> {
                // Right, but for its time.
            }
        }
        byte[] bytes = new byte[HEADER + length];
        header.get(0, bytes, 0, HEADER);
        if (bench.driver.send(TRANSMIT, bytes)) {
            talk.key.wild = true;
            key(header.getLong(8), header.getInt(20), header.getInt(16)).wild = true;
        }
    }

    void listen(FuzzBench bench) {
        while (bench.driver.take(TRANSMIT) != null) {
            // Sent.
        }
        for (byte[] packet = bench.driver.take(RECEIVE); packet != null; packet = bench.driver.take(RECEIVE)) {
            if (bench.polite) {
                hear(packet);
            } else if (packet.length >= HEADER) {
                learn(packet);
            }
        }
    }

    private static Key key(FuzzTalks of, ByteBuffer header) {
        return of.key(header.getLong(0), header.getInt(16), header.getInt(20));
    }

    /** Takes what can be used of a packet in a memory that may be any. */
    private void learn(byte[] packet) {
        ByteBuffer header = ByteBuffer.wrap(packet).order(ByteOrder.LITTLE_ENDIAN);
        Key key = key(this, header);
        if (talks.size() < MAX_TALKS) {
            Talk talk = talks.computeIfAbsent(key, Talk::new);
            talk.stands |= header.getShort(30) == VsockPacket.RESPONSE;
            talk.over |= header.getShort(30) == VsockPacket.RST;
            talk.hostRoom = 0x1_0000;
        }
    }

    private void hear(byte[] packet) {
        ByteBuffer header = ByteBuffer.wrap(packet).order(ByteOrder.LITTLE_ENDIAN);
        int operation = header.getShort(30);
        int length = header.getInt(24);
        Key key = key(this, header);
        if (packet.length != HEADER + length
                || length > 0 && operation != VsockPacket.RW
                || header.getShort(28) != VsockPacket.STREAM
                || header.getLong(8) != FuzzSockets.CID) {
            throw new AssertionError("a packet that is none: " + key);
        }
        if (operation == VsockPacket.REQUEST) {
            if (host.end(key) == null || talks.containsKey(key) && !key.wild) {
                throw new AssertionError("nobody has asked: " + key);
            }
            talks.put(key, new Talk(key));
        }
        Talk talk = talks.get(key);
        if (talk == null || talk.over) {
            return;
        }
        if (operation != VsockPacket.RST) {
            long forwarded = Integer.toUnsignedLong(header.getInt(40));
            talk.require(forwarded <= talk.sent, "the host has taken what was not sent");
            talk.require(forwarded + header.getInt(36) >= talk.hostRoom, "the host takes room back");
            talk.hostRoom = forwarded + header.getInt(36);
        }
        answered(talk, operation, header, packet);
    }

    private void answered(Talk talk, int operation, ByteBuffer header, byte[] packet) {
        switch (operation) {
            case VsockPacket.REQUEST, VsockPacket.CREDIT_UPDATE, VsockPacket.CREDIT_REQUEST -> {
                // Nothing but credit.
            }
            case VsockPacket.RESPONSE -> {
                talk.require(talk.asked && !talk.stands, "an answer to no request");
                talk.stands = true;
            }
            case VsockPacket.RST -> talk.over = true;
            case VsockPacket.SHUTDOWN -> {
                talk.require(talk.stands, "what does not stand is shut down");
                talk.hostSendsNoMore |= (header.getInt(32) & VsockPacket.NO_SEND) != 0;
                talk.hostTakesNoMore |= (header.getInt(32) & VsockPacket.NO_RECEIVE) != 0;
                FuzzSockets.End end = host.end(talk.key);
                talk.require(!talk.hostSendsNoMore || talk.received == end.says, "the end comes before the last byte");
            }
            case VsockPacket.RW -> data(talk, packet);
            default -> throw new AssertionError("operation " + operation);
        }
    }

    private static void data(Talk talk, byte[] packet) {
        int length = packet.length - HEADER;
        talk.require(talk.stands && !talk.hostSendsNoMore && length > 0, "bytes at the wrong time");
        talk.require(talk.received + length <= talk.allowed, "more bytes than there is room for");
        for (int i = 0; i < length; i++) {
            talk.require(packet[HEADER + i] == talk.key.fromHost(talk.received + i), "another byte from the host");
        }
        talk.received += length;
    }

    /** Gives the device buffers and credit; tells whether anything came of it. */
    boolean serveAll(FuzzBench bench) {
        long before = progress();
        for (Talk talk : List.copyOf(talks.values())) {
            if (talk.stands && !talk.over && !talk.key.wild && talk.allowed - talk.received < 0x100) {
                update(bench, talk, 0x4000);
            }
            while (bench.driver.receive(RECEIVE, bench.driver.room())) {
                // As many as there can be.
            }
            bench.exchange();
        }
        while (bench.driver.receive(RECEIVE, bench.driver.room())) {
            // As above.
        }
        bench.exchange();
        return progress() != before;
    }

    private long progress() {
        long sum = talks.size();
        for (Talk talk : talks.values()) {
            FuzzSockets.End end = host.end(talk.key);
            sum += talk.received + (talk.stands ? 1 : 0) + (talk.over ? 2 : 0) + (talk.hostSendsNoMore ? 4 : 0);
            sum += end == null ? 0 : end.got + (end.closed ? 1 : 0);
        }
        return sum;
    }

    /** Everybody had all the time and room there is. */
    void complete() {
        for (Talk talk : talks.values()) {
            FuzzSockets.End end = host.end(talk.key);
            if (talk.over || end != null && end.failed) {
                continue;
            }
            talk.require(!talk.asked || talk.stands, "a request without an answer");
            if (talk.stands && end != null && !talk.key.wild) {
                boolean reads = (talk.shutdown & VsockPacket.NO_RECEIVE) == 0;
                talk.require(!reads || talk.received == end.says, "bytes of the host never came");
                talk.require(!reads || talk.hostSendsNoMore == end.hungUp, "the host's end was never told");
                talk.require(end.deaf || end.got == talk.sent, "bytes of the guest never came");
                boolean ended = (talk.shutdown & VsockPacket.NO_SEND) != 0;
                talk.require(!ended || end.outputEnded, "the guest's end was never told");
            }
        }
    }
}
