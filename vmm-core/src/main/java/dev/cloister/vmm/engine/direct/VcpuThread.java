package dev.cloister.vmm.engine.direct;

import dev.cloister.kvm.KvmRun;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.board.RunControl;
import dev.cloister.vmm.engine.CpuAffinity;
import dev.cloister.vmm.engine.VcpuBody;
import dev.cloister.vmm.report.Outcome;
import dev.cloister.vmm.report.Report;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The run loop of one vCPU, on a platform thread of its own: enter the guest, dispatch the exit, until the machine ends. */
final class VcpuThread implements VcpuBody {
    /**
     * How many exits registers stay prefetched after one that needed them: emulation failures come in bursts, and reading registers by
     * ioctl costs as much as the exit.
     */
    private static final int PREFETCH_EXITS = 256;

    private final Vcpu vcpu;
    private final MemorySegment area;
    private final RunControl control;
    private final Portals portals;
    private final Completer completer;
    private final Owner owner;
    private final CpuAffinity affinity;
    private @Nullable DirectDebug debug;
    private int prefetched;
    private int prefetchLeft;

    VcpuThread(Vcpu vcpu, RunControl control, Portals portals, Completer completer, Owner owner, CpuAffinity affinity) {
        this.vcpu = vcpu;
        this.area = vcpu.runArea();
        this.control = control;
        this.portals = portals;
        this.completer = completer;
        this.owner = owner;
        this.affinity = affinity;
    }

    /** Before the start: a debugger may come. */
    void debugWith(DirectDebug target) {
        debug = target;
    }

    Portals portals() {
        return portals;
    }

    Completer completer() {
        return completer;
    }

    @Override
    public long[] exitCounts() {
        return portals.counts();
    }

    @Override
    public long emulated() {
        return completer.counts().total();
    }

    @Override
    public List<Report.Count> emulatedByMnemonic() {
        return completer.counts().list();
    }

    @Override
    public long exceptions() {
        return completer.exceptions();
    }

    @Override
    public long userRefusals() {
        return completer.userRefusals();
    }

    @Override
    public void run() {
        try {
            affinity.apply();
            vcpu.bind();
            try {
                loop();
            } finally {
                vcpu.unbind();
            }
        } catch (ErrnoException | RuntimeException | Error e) {
            control.finish(new RunControl.End(Outcome.HOST_FAILURE, "vCPU " + vcpu.id() + ": " + e, 0, null));
        } finally {
            if (control.threadEnded()) {
                owner.allEnded();
            }
        }
    }

    private void loop() throws ErrnoException {
        boolean first = vcpu.id() == 0;
        while (goesOn()) {
            if (first) {
                first = false;
                owner.firstEntry(System.nanoTime());
            }
            if (debug == null || !debug.enter()) {
                enter();
            }
        }
    }

    private boolean goesOn() throws ErrnoException {
        if (control.mayRun()) {
            return true;
        }
        if (debug != null) {
            debug.settle();
        }
        return control.park();
    }

    private void enter() throws ErrnoException {
        try {
            int result = vcpu.run();
            if (result == 0) {
                exited(KvmRun.exitReason(area));
            } else {
                notExited(result);
            }
        } catch (InternalError e) {
            // The same, met by our own access for the guest; the JVM may throw it some steps later. The guest's
            // instruction is done again.
            if (!owner.severVanished()) {
                throw e;
            }
        }
    }

    private void exited(int reason) throws ErrnoException {
        if (debug == null || !debug.exited(reason)) {
            dispatch(Portal.of(reason));
        }
    }

    private void notExited(int result) {
        if (result == -Errno.EINTR) {
            portals.handle(Portal.INTERRUPTED, prefetched);
        } else if (result != -Errno.EAGAIN && !(result == -Errno.EFAULT && owner.severVanished())) {
            // EAGAIN is an application processor between INIT and SIPI, EFAULT a window whose memory is gone and whose
            // channel is severed now: enter again.
            portals.runFailed(-result);
        }
    }

    private void dispatch(Portal portal) {
        portals.handle(portal, prefetched);
        if (portal.reads() != Portal.NOTHING) {
            prefetchLeft = PREFETCH_EXITS;
            prefetch(vcpu.syncSupported() ? portal.reads() : Portal.NOTHING);
        } else if (prefetchLeft > 0 && --prefetchLeft == 0) {
            prefetch(Portal.NOTHING);
        }
    }

    private void prefetch(int groups) {
        if (groups != prefetched) {
            prefetched = groups;
            KvmRun.setValidGroups(area, groups);
        }
    }
}
