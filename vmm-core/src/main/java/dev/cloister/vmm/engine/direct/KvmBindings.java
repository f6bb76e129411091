package dev.cloister.vmm.engine.direct;

import dev.cloister.kvm.Vm;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The eventfds that a virtual machine of KVM signals and is signalled by, and the memory that its guest moves, so that another can take
 * its place. Any thread.
 */
final class KvmBindings {
    private record Doorbell(Fd event, int port) {}

    private record Interrupt(Fd event, int gsi) {}

    private final List<Doorbell> doorbells = new ArrayList<>();

    private record Moving(long gpa, MemorySegment host, int flags) {}

    private final List<Interrupt> interrupts = new ArrayList<>();
    private final Map<Integer, Moving> moving = new HashMap<>();

    synchronized void bindDoorbell(Vm vm, Fd event, int port) throws ErrnoException {
        vm.assignPortEvent(event, port, Integer.BYTES);
        doorbells.add(new Doorbell(event, port));
    }

    synchronized void unbindDoorbell(Vm vm, Fd event, int port) throws ErrnoException {
        doorbells.removeIf(each -> each.event() == event && each.port() == port);
        vm.deassignPortEvent(event, port, Integer.BYTES);
    }

    synchronized void bindInterrupt(Vm vm, Fd event, int gsi) throws ErrnoException {
        vm.assignIrqfd(event, gsi);
        interrupts.add(new Interrupt(event, gsi));
    }

    synchronized void unbindInterrupt(Vm vm, Fd event, int gsi) throws ErrnoException {
        interrupts.removeIf(each -> each.event() == event && each.gsi() == gsi);
        vm.deassignIrqfd(event, gsi);
    }

    synchronized void place(Vm vm, int slot, long gpa, MemorySegment host, int flags) throws ErrnoException {
        vm.setMemorySlot(slot, gpa, host, flags);
        moving.put(slot, new Moving(gpa, host, flags));
    }

    synchronized void remove(Vm vm, int slot) throws ErrnoException {
        moving.remove(slot);
        vm.deleteMemorySlot(slot);
    }

    /** Binds all of them to a virtual machine that has none. */
    synchronized void install(Vm vm) throws ErrnoException {
        for (Doorbell each : doorbells) {
            vm.assignPortEvent(each.event(), each.port(), Integer.BYTES);
        }
        for (Interrupt each : interrupts) {
            vm.assignIrqfd(each.event(), each.gsi());
        }
        for (Map.Entry<Integer, Moving> each : moving.entrySet()) {
            Moving memory = each.getValue();
            vm.setMemorySlot(each.getKey(), memory.gpa(), memory.host(), memory.flags());
        }
    }
}
