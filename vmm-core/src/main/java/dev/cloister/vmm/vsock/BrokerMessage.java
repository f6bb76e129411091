package dev.cloister.vmm.vsock;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** What a VMM process and its socket broker say to each other: 16 bytes each, with a socket where one is promised. */
sealed interface BrokerMessage {
    /** Bytes of every message: u32 kind, u32 value, u64 key; little-endian. */
    int BYTES = 16;

    /**
     * VMM to broker: the guest connects.
     *
     * @param key what the answer shall say
     * @param port the host's port, unsigned
     */
    record Connect(long key, int port) implements BrokerMessage {}

    /**
     * Broker to VMM: with the connected socket.
     *
     * @param key of the request
     */
    record Connected(long key) implements BrokerMessage {}

    /**
     * Broker to VMM: nobody listens.
     *
     * @param key of the request
     */
    record Refused(long key) implements BrokerMessage {}

    /**
     * Broker to VMM: a program of the host connects, with its socket.
     *
     * @param port the guest's port, unsigned
     */
    record Incoming(int port) implements BrokerMessage {}

    /** Writes it. */
    default byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        switch (this) {
            case Connect connect -> bytes.putInt(1).putInt(connect.port).putLong(connect.key);
            case Connected connected -> bytes.putInt(2).putInt(0).putLong(connected.key);
            case Refused refused -> bytes.putInt(3).putInt(0).putLong(refused.key);
            case Incoming incoming -> bytes.putInt(4).putInt(incoming.port).putLong(0);
        }
        return bytes.array();
    }

    /** Reads one; nothing for bytes that are none. */
    static Optional<BrokerMessage> of(byte[] message) {
        if (message.length != BYTES) {
            return Optional.empty();
        }
        ByteBuffer bytes = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        int kind = bytes.getInt();
        int value = bytes.getInt();
        long key = bytes.getLong();
        return Optional.ofNullable(
                switch (kind) {
                    case 1 -> new Connect(key, value);
                    case 2 -> new Connected(key);
                    case 3 -> new Refused(key);
                    case 4 -> new Incoming(value);
                    default -> null;
                });
    }
}
