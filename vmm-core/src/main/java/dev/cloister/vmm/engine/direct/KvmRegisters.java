package dev.cloister.vmm.engine.direct;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.kvm.KvmEvents;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.ErrnoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The whole state of a KVM vCPU as the emulator keeps it, both ways. For the vCPU's thread, or another while it stands still; KVM must
 * hold everything (see {@link DirectDebug#settle}).
 */
final class KvmRegisters {
    private static final int XCR_ENTRY = 8;
    private static final int XCR_VALUE = 16;
    /** struct kvm_debugregs: DR0 to DR3, then DR6, DR7. */
    private static final int DR6 = 32;

    private static final int DR7 = 40;

    private final Vcpu vcpu;
    private final CpuState state = new CpuState();
    private final MemorySegment image = MemorySegment.ofArray(state.extended().image());

    private final MemorySegment before = Arena.ofAuto().allocate(KvmEvents.SIZE, Long.BYTES);

    KvmRegisters(Vcpu vcpu) {
        this.vcpu = vcpu;
    }

    /** The object that {@link #load} fills. */
    CpuState state() {
        return state;
    }

    /** Reads everything. */
    CpuState load() throws ErrnoException {
        KvmState.loadRegs(vcpu.readRegs(), state);
        KvmState.loadSregs(vcpu.readSregs(), state);
        image.copyFrom(vcpu.readXsave().asSlice(0, image.byteSize()));
        state.extended().normalize();
        MemorySegment xcrs = vcpu.readXcrs();
        boolean has = xcrs.get(ValueLayout.JAVA_INT, 0) > 0 && xcrs.get(ValueLayout.JAVA_INT, XCR_ENTRY) == 0;
        state.setXcr0(has ? xcrs.get(ValueLayout.JAVA_LONG, XCR_VALUE) : 1);
        MemorySegment debug = vcpu.readDebugregs();
        for (int i = 0; i < 4; i++) {
            state.setDr(i, debug.get(ValueLayout.JAVA_LONG, (long) Long.BYTES * i));
        }
        state.setDr(6, debug.get(ValueLayout.JAVA_LONG, DR6));
        state.setDr(7, debug.get(ValueLayout.JAVA_LONG, DR7));
        KvmPending.load(vcpu.readEvents(), state);
        return state;
    }

    /** Writes everything. */
    void store() throws ErrnoException {
        MemorySegment sregs = vcpu.readSregs();
        KvmState.storeSregs(state, sregs);
        vcpu.writeSregs();
        KvmState.storeRegs(state, vcpu.readRegs());
        vcpu.writeRegs();
        MemorySegment held = vcpu.readXsave().asSlice(0, image.byteSize());
        if (image.mismatch(held) >= 0) {
            held.copyFrom(image);
            vcpu.writeXsave();
        }
        MemorySegment xcrs = vcpu.readXcrs();
        if (xcrs.get(ValueLayout.JAVA_INT, 0) > 0 && xcrs.get(ValueLayout.JAVA_LONG, XCR_VALUE) != state.xcr0()) {
            xcrs.set(ValueLayout.JAVA_LONG, XCR_VALUE, state.xcr0());
            vcpu.writeXcrs();
        }
        MemorySegment debug = vcpu.readDebugregs();
        for (int i = 0; i < 4; i++) {
            debug.set(ValueLayout.JAVA_LONG, (long) Long.BYTES * i, state.dr(i));
        }
        debug.set(ValueLayout.JAVA_LONG, DR6, state.dr(6));
        debug.set(ValueLayout.JAVA_LONG, DR7, state.dr(7));
        vcpu.writeDebugregs();
        MemorySegment events = vcpu.readEvents().asSlice(0, KvmEvents.SIZE);
        before.copyFrom(events);
        KvmPending.store(state, events);
        KvmEvents.setInt(before, KvmEvents.FLAGS, KvmEvents.getInt(events, KvmEvents.FLAGS));
        if (before.mismatch(events) >= 0) {
            vcpu.writeEvents();
        }
    }
}
