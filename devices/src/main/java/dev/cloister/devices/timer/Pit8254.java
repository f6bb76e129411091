package dev.cloister.devices.timer;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import java.util.Objects;

/**
 * The 8254 interval timer of a PC with its port 0x61 (Intel 8254 data sheet; Intel ICH9 data sheet, 13.3 and 13.7.1). Counter 0 drives
 * IRQ 0, counter 2 what would be the speaker. Ticks that the host is too late for are not made up for. Any thread.
 */
public final class Pit8254 {
    /** Its first port. */
    public static final int PORT = 0x40;
    /** How many ports it takes. */
    public static final int PORTS = 4;
    /** System control port B. */
    public static final int SPEAKER_PORT = 0x61;
    /** Its interrupt line. */
    public static final int IRQ = 0;

    private static final int CONTROL = 3;
    private static final int READ_BACK = 3;
    private static final int SPEAKER = 2;
    private static final int SPEAKER_WRITABLE = 0x0f;
    private static final int REFRESH = 0x10;
    private static final int SPEAKER_OUT = 0x20;
    /** The refresh bit toggles every 15 µs. */
    private static final long REFRESH_NANOS = 15_000;

    private final GuestClock clock;
    private final InterruptLine line;
    private final Alarm alarm;
    private final PitCounter[] counters = {new PitCounter(), new PitCounter(), new PitCounter()};
    private int speaker;
    private long dueAt = Alarm.NEVER;

    /**
     * A timer whose counters wait to be programmed.
     *
     * @param alarms its time
     * @param line its interrupt line
     */
    public Pit8254(Alarms alarms, InterruptLine line) {
        this.clock = alarms.clock();
        this.line = Objects.requireNonNull(line);
        this.alarm = alarms.alarm(this::rings);
        counters[SPEAKER].setGate(false, 0);
    }

    /**
     * Puts it on a bus at its usual ports.
     *
     * @param bus the bus
     */
    public void attachTo(PortBus bus) {
        bus.attach(PORT, PORTS, new Counters(), "8254 timer");
        bus.attach(SPEAKER_PORT, 1, new Speaker(), "system control port B");
    }

    private synchronized void rings() {
        long now = clock.nanos();
        if (dueAt == Alarm.NEVER || now < dueAt) {
            // Programmed anew since the alarm rang.
            return;
        }
        drive(false);
        drive(true);
        schedule(Math.max(now, dueAt));
    }

    private void drive(boolean high) {
        line.setLevel(high);
    }

    private void schedule(long now) {
        long rise = counters[0].nextRise(now);
        long soonest = dueAt == Alarm.NEVER ? rise : Math.max(rise, dueAt + Alarms.SHORTEST_PERIOD_NANOS);
        dueAt = rise == Alarm.NEVER ? rise : soonest;
        alarm.set(dueAt);
    }

    private void restart(long now) {
        dueAt = Alarm.NEVER;
        schedule(now);
    }

    private synchronized int readPort(int port) {
        return port == CONTROL ? 0xff : counters[port].read(clock.nanos());
    }

    private synchronized void writePort(int port, int value) {
        long now = clock.nanos();
        if (port == CONTROL) {
            control(value, now);
        } else if (counters[port].write(value, now) && port == 0) {
            if (counters[0].mode() == 0) {
                drive(false);
            }
            restart(now);
        }
    }

    private void control(int value, long now) {
        int selected = value >> 6;
        if (selected == READ_BACK) {
            readBack(value, now);
            return;
        }
        counters[selected].control(value, now);
        boolean programmed = (value >> 4 & 3) != 0;
        if (selected == 0 && programmed) {
            if (!counters[0].output(now)) {
                drive(false);
            }
            restart(now);
        }
    }

    private void readBack(int value, long now) {
        for (int i = 0; i < counters.length; i++) {
            if ((value & 2 << i) == 0) {
                continue;
            }
            if ((value & 0x20) == 0) {
                counters[i].latchCount(now);
            }
            if ((value & 0x10) == 0) {
                counters[i].latchStatus(now);
            }
        }
    }

    private synchronized int readSpeaker() {
        long now = clock.nanos();
        return speaker
                | (now / REFRESH_NANOS % 2 != 0 ? REFRESH : 0)
                | (counters[SPEAKER].output(now) ? SPEAKER_OUT : 0);
    }

    private synchronized void writeSpeaker(int value) {
        speaker = value & SPEAKER_WRITABLE;
        counters[SPEAKER].setGate((value & 1) != 0, clock.nanos());
    }

    /** The four ports. */
    private final class Counters implements PortDevice {
        @Override
        public long read(int offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (readPort(offset + i) & 0xffL) << Byte.SIZE * i;
            }
            return value;
        }

        @Override
        public void write(int offset, int size, long value) {
            for (int i = 0; i < size; i++) {
                writePort(offset + i, (int) (value >>> Byte.SIZE * i) & 0xff);
            }
        }
    }

    /** Port 0x61. */
    private final class Speaker implements PortDevice {
        @Override
        public long read(int offset, int size) {
            return readSpeaker();
        }

        @Override
        public void write(int offset, int size, long value) {
            writeSpeaker((int) value & 0xff);
        }
    }
}
