package dev.cloister.vmm.debug.gdb;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.debug.DebugTarget;
import dev.cloister.vmm.debug.Debugger;
import dev.cloister.vmm.debug.StopEvent;
import dev.cloister.vmm.debug.StopPlan;
import dev.cloister.vmm.debug.StopPoint;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The stop points that the peer has set. None of them changes guest memory, so software and hardware breakpoints differ in name only.
 */
final class PeerStops {
    private static final String OK = "OK";
    private static final String FULL = "E1c";
    private static final int SOFTWARE = 0;
    private static final int HARDWARE = 1;
    private static final int WRITE = 2;
    private static final int READ = 3;
    private static final int ACCESS = 4;

    private final Debugger debugger;
    /** With the type that the peer gave; at most as many as a plan holds. */
    private final Map<StopPoint, Integer> points = new LinkedHashMap<>();

    private boolean softwareKnown;
    private boolean hardwareKnown;

    PeerStops(Debugger debugger) {
        this.debugger = debugger;
    }

    /** Which reasons for a stop the peer understands. */
    void peerKnows(boolean software, boolean hardware) {
        softwareKnown = software;
        hardwareKnown = hardware;
    }

    /** Handles a {@code Z} or {@code z} packet without its first letter. */
    String change(String text, boolean insert) throws BadPacket {
        String[] parts = text.split("[,;]", 4);
        if (parts.length < 3) {
            throw new BadPacket();
        }
        int type = Hex.number(parts[0], ACCESS);
        StopPoint point = point(type, Hex.number(parts[1]), parts[2]);
        StopPlan plan = debugger.plan();
        if (!insert) {
            if (points.remove(point) != null) {
                debugger.setPlan(plan.without(point));
            }
            return OK;
        }
        if (plan.points().contains(point) && !points.containsKey(point)) {
            // The command line's own: it stays when the peer takes its away.
            return OK;
        }
        StopPlan more = plan.with(point);
        if (more == null) {
            return FULL;
        }
        points.put(point, type);
        debugger.setPlan(more);
        return OK;
    }

    private static StopPoint point(int type, long gva, String length) throws BadPacket {
        StopPoint.Kind kind = switch (type) {
            case WRITE -> StopPoint.Kind.WRITE;
            case READ -> StopPoint.Kind.READ;
            case ACCESS -> StopPoint.Kind.ACCESS;
            default -> StopPoint.Kind.EXECUTE;
        };
        int bytes = kind.isData() ? Hex.number(length, StopPoint.MOST_BYTES) : 1;
        if (bytes == 0) {
            throw new BadPacket();
        }
        return new StopPoint(kind, gva, bytes);
    }

    /** Takes all of them away. */
    void clear() {
        StopPlan plan = debugger.plan();
        for (StopPoint point : points.keySet()) {
            plan = plan.without(point);
        }
        points.clear();
        debugger.setPlan(plan);
    }

    /** Why the guest stopped, as a pair of a stop reply; empty where the peer would not understand it. */
    String reason(StopEvent event, DebugTarget target) {
        StopPoint point = event.point();
        if (point == null) {
            return "";
        }
        if (event.kind() == StopEvent.Kind.WATCHPOINT) {
            return watched(point, event.address());
        }
        Integer type = points.get(point);
        if (type == null || !isAtProgramCounter(event, target)) {
            return "";
        }
        if (type == SOFTWARE) {
            return softwareKnown ? "swbreak:;" : "";
        }
        return type == HARDWARE && hardwareKnown ? "hwbreak:;" : "";
    }

    private static String watched(StopPoint point, long address) {
        String name = switch (point.kind()) {
            case READ -> "rwatch";
            case ACCESS -> "awatch";
            default -> "watch";
        };
        // The access may begin before what is watched.
        long gva = address - point.address() < 0 ? point.address() : address;
        return name + ":" + Long.toHexString(gva) + ";";
    }

    /** With a code segment that does not begin at 0 the peer would look for its breakpoint in a wrong place, and go on. */
    private static boolean isAtProgramCounter(StopEvent event, DebugTarget target) {
        try {
            CpuState state = target.load();
            return state.rip() == event.address();
        } catch (ErrnoException e) {
            return false;
        }
    }
}
