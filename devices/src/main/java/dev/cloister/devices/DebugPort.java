package dev.cloister.devices;

import java.util.Objects;

/**
 * The debug console port of Bochs and QEMU: every byte written is output, and a read gives 0xE9, by which firmware finds it. Usual at
 * {@link #BOCHS_PORT}; SeaBIOS writes its log to {@link #FIRMWARE_PORT}, where QEMU puts its {@code isa-debugcon} for it.
 */
public final class DebugPort implements ByteDevice {
    /** Where Bochs has it. */
    public static final int BOCHS_PORT = 0xE9;
    /** Where SeaBIOS expects it. */
    public static final int FIRMWARE_PORT = 0x402;
    /** How many ports it takes. */
    public static final int PORTS = 1;

    private static final int READBACK = 0xE9;

    private final ByteSink sink;

    /**
     * A debug port.
     *
     * @param sink where the bytes go
     */
    public DebugPort(ByteSink sink) {
        this.sink = Objects.requireNonNull(sink);
    }

    @Override
    public int readByte(int offset) {
        return READBACK;
    }

    @Override
    public void writeByte(int offset, int value) {
        synchronized (this) {
            sink.put((byte) value);
        }
    }
}
