package dev.cloister.vmm.engine.direct;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PendingEvents;
import dev.cloister.kvm.KvmEvents;
import java.lang.foreign.MemorySegment;

/**
 * Carries pending and half-delivered events between {@code struct kvm_vcpu_events} and the emulator's state. System-management mode
 * and a pending triple fault stay where they are. Stateless; allocates nothing.
 */
final class KvmPending {
    private static final int VALID = KvmEvents.VALID_NMI_PENDING | KvmEvents.VALID_SIPI_VECTOR | KvmEvents.VALID_SHADOW;

    private KvmPending() {}

    private static boolean has(MemorySegment events, long field) {
        return KvmEvents.get(events, field) != 0;
    }

    static void load(MemorySegment events, CpuState state) {
        PendingEvents to = state.events();
        int shadow = KvmEvents.get(events, KvmEvents.INTERRUPT_SHADOW);
        state.setInterruptShadow(shadow != 0);
        to.setAfterStackLoad((shadow & KvmEvents.SHADOW_MOV_SS) != 0);
        to.setNmiPending(has(events, KvmEvents.NMI_PENDING));
        to.setNmiBlocked(has(events, KvmEvents.NMI_MASKED));
        to.setDebugTraps(0);
        boolean soft = has(events, KvmEvents.INTERRUPT_SOFT);
        boolean interrupt = has(events, KvmEvents.INTERRUPT_INJECTED);
        to.setInterrupt(interrupt ? KvmEvents.get(events, KvmEvents.INTERRUPT_NR) : PendingEvents.NONE, soft);
        to.setStartupVector(KvmEvents.getInt(events, KvmEvents.SIPI_VECTOR));
        if (has(events, KvmEvents.NMI_INJECTED)) {
            to.setException(CpuException.NMI, 0);
        } else if (has(events, KvmEvents.EXCEPTION_INJECTED) || has(events, KvmEvents.EXCEPTION_PENDING)) {
            boolean code = has(events, KvmEvents.EXCEPTION_HAS_ERROR_CODE);
            int error = code ? KvmEvents.getInt(events, KvmEvents.EXCEPTION_ERROR_CODE) : 0;
            to.setException(KvmEvents.get(events, KvmEvents.EXCEPTION_NR), error);
        } else {
            to.setException(PendingEvents.NONE, 0);
        }
    }

    /** The structure holds what {@link #load} saw, or what KVM says now; only what the emulator knows is changed. */
    static void store(CpuState state, MemorySegment events) {
        PendingEvents from = state.events();
        int kind = from.afterStackLoad() ? KvmEvents.SHADOW_MOV_SS : KvmEvents.SHADOW_STI;
        KvmEvents.set(events, KvmEvents.INTERRUPT_SHADOW, state.interruptShadow() ? kind : 0);
        KvmEvents.set(events, KvmEvents.NMI_PENDING, from.nmiPending() ? 1 : 0);
        KvmEvents.set(events, KvmEvents.NMI_MASKED, from.nmiBlocked() ? 1 : 0);
        boolean interrupt = from.interrupt() != PendingEvents.NONE;
        KvmEvents.set(events, KvmEvents.INTERRUPT_INJECTED, interrupt ? 1 : 0);
        KvmEvents.set(events, KvmEvents.INTERRUPT_NR, interrupt ? from.interrupt() : 0);
        KvmEvents.set(events, KvmEvents.INTERRUPT_SOFT, interrupt && from.isSoftInterrupt() ? 1 : 0);
        KvmEvents.setInt(events, KvmEvents.SIPI_VECTOR, from.startupVector());
        boolean held = has(events, KvmEvents.EXCEPTION_PENDING)
                && KvmEvents.get(events, KvmEvents.EXCEPTION_NR) == from.exception();
        if (!held) {
            // A pending exception that is still the same keeps its payload, which only KVM knows.
            storeException(from, events);
        }
        KvmEvents.setInt(events, KvmEvents.FLAGS, VALID);
    }

    private static void storeException(PendingEvents from, MemorySegment events) {
        int vector = from.exception();
        boolean nmi = vector == CpuException.NMI;
        boolean exception = vector != PendingEvents.NONE && !nmi;
        KvmEvents.set(events, KvmEvents.NMI_INJECTED, nmi ? 1 : 0);
        KvmEvents.set(events, KvmEvents.EXCEPTION_INJECTED, exception ? 1 : 0);
        KvmEvents.set(events, KvmEvents.EXCEPTION_PENDING, 0);
        KvmEvents.set(events, KvmEvents.EXCEPTION_NR, exception ? vector : 0);
        boolean code = exception && CpuException.hasErrorCode(vector);
        KvmEvents.set(events, KvmEvents.EXCEPTION_HAS_ERROR_CODE, code ? 1 : 0);
        KvmEvents.setInt(events, KvmEvents.EXCEPTION_ERROR_CODE, code ? from.errorCode() : 0);
    }
}
