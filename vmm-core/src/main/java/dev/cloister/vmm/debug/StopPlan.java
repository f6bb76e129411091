package dev.cloister.vmm.debug;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All stop points of a machine, at most {@link #MOST}. Immutable; questions allocate nothing. */
public final class StopPlan {
    /** The most stop points at one time. */
    public static final int MOST = 256;

    /** No stop points. */
    public static final StopPlan EMPTY = new StopPlan(List.of());

    private static final int PAGE_MASK = 0xfff;

    private final List<StopPoint> points;
    private final long[] linear;
    private final StopPoint[] physical;
    private final StopPoint[] data;

    private StopPlan(List<StopPoint> points) {
        this.points = List.copyOf(points);
        linear = points.stream()
                .filter(p -> p.kind() == StopPoint.Kind.EXECUTE)
                .mapToLong(StopPoint::address)
                .sorted()
                .toArray();
        physical = points.stream()
                .filter(p -> p.kind() == StopPoint.Kind.EXECUTE_GPA)
                .toArray(StopPoint[]::new);
        data = points.stream().filter(p -> p.kind().isData()).toArray(StopPoint[]::new);
    }

    /**
     * The same and one more; one that is there already is not added again.
     *
     * @param point the new one
     * @return the new plan, or null where there are {@link #MOST} already
     */
    public @Nullable StopPlan with(StopPoint point) {
        if (points.contains(point)) {
            return this;
        }
        if (points.size() >= MOST) {
            return null;
        }
        List<StopPoint> more = new ArrayList<>(points);
        more.add(point);
        return new StopPlan(more);
    }

    /**
     * The same without one.
     *
     * @param point the one to leave out
     * @return the new plan
     */
    public StopPlan without(StopPoint point) {
        List<StopPoint> fewer = new ArrayList<>(points);
        fewer.remove(point);
        return fewer.isEmpty() ? EMPTY : new StopPlan(fewer);
    }

    /**
     * All of them.
     *
     * @return an immutable list, oldest first
     */
    public List<StopPoint> points() {
        return points;
    }

    /**
     * Whether there are none.
     *
     * @return true for a plan that never stops anything
     */
    public boolean isEmpty() {
        return points.isEmpty();
    }

    /**
     * Whether data is watched.
     *
     * @return true if accesses must be told
     */
    public boolean watchesData() {
        return data.length > 0;
    }

    /**
     * Whether the instruction at a linear address is a stop.
     *
     * @param gva the linear address
     * @return true if so
     */
    public boolean stopsAt(long gva) {
        return linear.length > 0 && Arrays.binarySearch(linear, gva) >= 0;
    }

    /**
     * Whether it is worth translating a linear address to ask {@link #stopsAtGpa}.
     *
     * @param gva the linear address
     * @return true if a guest-physical stop point has the same place within its page
     */
    public boolean mayStopAtGpa(long gva) {
        for (StopPoint point : physical) {
            if (((point.address() ^ gva) & PAGE_MASK) == 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether the instruction at a guest-physical address is a stop.
     *
     * @param gpa the guest-physical address
     * @return true if so
     */
    public boolean stopsAtGpa(long gpa) {
        for (StopPoint point : physical) {
            if (point.address() == gpa) {
                return true;
            }
        }
        return false;
    }

    /**
     * The first stop point that an access to data touches.
     *
     * @param gva linear address of the first byte
     * @param length bytes
     * @param read whether bytes are read
     * @param write whether bytes are written
     * @return the stop point, or null
     */
    public @Nullable StopPoint touched(long gva, int length, boolean read, boolean write) {
        for (StopPoint point : data) {
            boolean wanted = switch (point.kind()) {
                case WRITE -> write;
                case READ -> read;
                default -> true;
            };
            // Differences, so that ranges at the top of the address space compare right.
            boolean overlaps = gva - point.address() >= 0 && gva - point.address() < point.length()
                    || point.address() - gva >= 0 && point.address() - gva < length;
            if (wanted && overlaps) {
                return point;
            }
        }
        return null;
    }
}
