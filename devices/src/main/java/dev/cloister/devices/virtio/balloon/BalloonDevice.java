package dev.cloister.devices.virtio.balloon;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.ConfigSpace;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.DeviceTraits;
import dev.cloister.devices.virtio.QueueException;
import dev.cloister.devices.virtio.VirtQueue;
import dev.cloister.devices.virtio.VirtioDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The memory balloon (virtio 1.2, 5.5): inflate, deflate, statistics, deflate on out-of-memory, free page reporting, page poison. Free page
 * hints, which are for migration, are offered and never asked for: drivers count their queues wrongly without them. {@link #setTarget}
 * and {@link #askForStatistics} from any thread.
 */
public final class BalloonDevice implements VirtioDevice {
    /** Bytes of the pages that the protocol counts, whatever the guest's own are. */
    public static final int PAGE_BYTES = 1 << PageNumbers.PAGE_SHIFT;

    private static final int TYPE = 5;
    private static final int CLASS = 0xff0000;
    private static final int QUEUE_SIZE = 128;
    private static final int CONFIG_BYTES = 16;

    private static final int INFLATE = 0;
    private static final int DEFLATE = 1;
    private static final int STATISTICS = 2;
    private static final int HINTS = 3;
    private static final int QUEUES = 5;

    private static final long STATISTICS_QUEUE = 1L << 1;
    private static final long DEFLATE_ON_OOM = 1L << 2;
    private static final long FREE_PAGE_HINT = 1L << 3;
    private static final long PAGE_POISON = 1L << 4;
    private static final long PAGE_REPORTING = 1L << 5;

    private static final int ACTUAL_AT = 4;
    private static final int POISON_AT = 12;

    private static final int STAT_BYTES = 10;
    private static final int MAX_STATS = 64;

    private final BalloonMemory memory;
    private final long mostPages;
    private final Consumer<Map<BalloonStat, Long>> statistics;
    private final PageNumbers numbers;
    private final Chain[] chains = new Chain[QUEUES];
    private final byte[] told = new byte[MAX_STATS * STAT_BYTES];
    private final ByteBuffer toldFields = ByteBuffer.wrap(told).order(ByteOrder.LITTLE_ENDIAN);
    private final DeviceTraits traits = new DeviceTraits(TYPE, "balloon", CLASS, QUEUES, QUEUE_SIZE);
    private final ConfigSpace config = new ConfigSpace(CONFIG_BYTES);
    private final AtomicLong returned = new AtomicLong();
    private volatile DeviceHost host;
    private volatile long negotiated;
    private volatile boolean statisticsWanted;
    // The statistics queue's own: whether it keeps the driver's buffer until statistics are wanted.
    private boolean held;

    /**
     * A balloon.
     *
     * @param memory what takes pages back
     * @param memoryBytes how much RAM the guest has: the most that can be asked of it
     * @param statistics receives each set of statistics, on a thread of the device
     */
    public BalloonDevice(BalloonMemory memory, long memoryBytes, Consumer<Map<BalloonStat, Long>> statistics) {
        this.memory = memory;
        this.mostPages = memoryBytes / PAGE_BYTES;
        this.statistics = statistics;
        this.numbers = new PageNumbers(memory);
        for (int i = 0; i < QUEUES; i++) {
            chains[i] = new Chain();
        }
    }

    /**
     * Asks the guest to have this much in its balloon. It gives what it can, over time; {@link #actual} tells how far it is.
     *
     * @param bytes the size, of which whole pages count
     * @throws IllegalArgumentException if it is negative or more than the guest's memory
     */
    public void setTarget(long bytes) {
        if (bytes < 0 || bytes / PAGE_BYTES > mostPages) {
            throw new IllegalArgumentException("a balloon of " + bytes + " bytes; expected 0 to "
                    + mostPages * PAGE_BYTES + ", the guest's memory");
        }
        config.put(0, Integer.BYTES, bytes / PAGE_BYTES);
        DeviceHost transport = host;
        if (transport != null) {
            transport.configChanged();
        }
    }

    /**
     * What the guest was asked for.
     *
     * @return bytes
     */
    public long target() {
        return pages(0);
    }

    /**
     * What the driver says is in the balloon.
     *
     * @return bytes; a hostile guest may say anything
     */
    public long actual() {
        return pages(ACTUAL_AT);
    }

    private long pages(int at) {
        return config.get(at, Integer.BYTES) * PAGE_BYTES;
    }

    /**
     * What was given back to the host so far: into the balloon, and free pages that were reported. The guest may use it again.
     *
     * @return bytes, the same page counted each time
     */
    public long returned() {
        return returned.get();
    }

    /**
     * Asks the guest for statistics.
     *
     * @return false if its driver isn't there or gives none
     */
    public boolean askForStatistics() {
        DeviceHost transport = host;
        if (transport == null || (negotiated & STATISTICS_QUEUE) == 0) {
            return false;
        }
        statisticsWanted = true;
        transport.wake(STATISTICS);
        return true;
    }

    @Override
    public DeviceTraits traits() {
        return traits;
    }

    @Override
    public long features() {
        return STATISTICS_QUEUE | DEFLATE_ON_OOM | FREE_PAGE_HINT | PAGE_POISON | PAGE_REPORTING;
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    /** The driver writes how much is in the balloon, and with what it fills free pages (5.5.4); the rest is the device's. */
    @Override
    public void writeConfig(int offset, int size, long value) {
        if (size == Integer.BYTES && (offset == ACTUAL_AT || offset == POISON_AT)) {
            config.put(offset, size, value);
        }
    }

    @Override
    public void activate(long features, DeviceHost transport) {
        negotiated = features;
        host = transport;
    }

    @Override
    public void notified(int number, VirtQueue queue) {
        switch (number) {
            case INFLATE -> inflate(queue);
            case DEFLATE -> deflate(queue);
            case STATISTICS -> statistics(queue);
            default -> freePages(number, queue);
        }
    }

    private void inflate(VirtQueue queue) {
        Chain chain = chains[INFLATE];
        while (queue.pop(chain)) {
            returned.addAndGet(numbers.release(chain, queue) * PAGE_BYTES);
            queue.push(chain, 0);
        }
    }

    /** Pages come back by being used: there is nothing to do (5.5.6.2 needs no more where the driver needn't tell beforehand). */
    private void deflate(VirtQueue queue) {
        Chain chain = chains[DEFLATE];
        while (queue.pop(chain)) {
            PageNumbers.count(chain);
            queue.push(chain, 0);
        }
    }

    /** The driver's buffer is kept until statistics are wanted; it comes back with new ones (5.5.6.3). */
    private void statistics(VirtQueue queue) {
        Chain chain = chains[STATISTICS];
        if (held && statisticsWanted) {
            statisticsWanted = false;
            held = false;
            queue.push(chain, 0);
        }
        if (!held && queue.pop(chain)) {
            held = true;
            statistics.accept(read(chain));
        }
    }

    private Map<BalloonStat, Long> read(Chain chain) {
        int count = (int) Math.min(MAX_STATS, chain.readableBytes() / STAT_BYTES);
        chain.read(0, told, 0, count * STAT_BYTES);
        BalloonStat[] known = BalloonStat.values();
        Map<BalloonStat, Long> values = new EnumMap<>(BalloonStat.class);
        for (int i = 0; i < count; i++) {
            int tag = Short.toUnsignedInt(toldFields.getShort(i * STAT_BYTES));
            if (tag < known.length) {
                values.put(known[tag], toldFields.getLong(i * STAT_BYTES + Short.BYTES));
            }
        }
        return values;
    }

    /**
     * Reported pages (5.5.6.7). Drivers from before Linux 6.11 report on the hints' queue if they didn't take hints. What the driver has
     * filled with a pattern is left alone, for it may rely on it (5.5.6.7.2); so are hints, which nobody has asked for.
     */
    private void freePages(int number, VirtQueue queue) {
        boolean reports = (negotiated & PAGE_REPORTING) != 0 && (number != HINTS || (negotiated & FREE_PAGE_HINT) == 0);
        Chain chain = chains[number];
        while (queue.pop(chain)) {
            if (reports && !isPoisoned()) {
                for (int i = 0; i < chain.buffers(true) && !queue.isStopped(); i++) {
                    report(chain.address(true, i), chain.length(true, i));
                }
            }
            queue.push(chain, 0);
        }
    }

    private boolean isPoisoned() {
        return (negotiated & PAGE_POISON) != 0 && config.get(POISON_AT, Integer.BYTES) != 0;
    }

    private void report(long gpa, int length) {
        long first = gpa + PAGE_BYTES - 1 & -PAGE_BYTES;
        long end = gpa + length & -PAGE_BYTES;
        if (first >= end) {
            return;
        }
        if (!memory.release(first, end - first)) {
            throw new QueueException(
                    "free memory of " + length + " bytes at 0x" + Long.toHexString(gpa) + ": not all of it is RAM");
        }
        returned.addAndGet(end - first);
    }

    @Override
    public void reset() {
        host = null;
        negotiated = 0;
        held = false;
        statisticsWanted = false;
        config.put(ACTUAL_AT, Integer.BYTES, 0).put(POISON_AT, Integer.BYTES, 0);
    }
}
