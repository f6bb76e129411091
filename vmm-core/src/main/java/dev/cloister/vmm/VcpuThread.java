package dev.cloister.vmm;

import dev.cloister.kvm.KvmRun;
import dev.cloister.kvm.Vcpu;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import java.lang.foreign.MemorySegment;

/** The run loop of one vCPU, on a platform thread of its own: enter the guest, dispatch the exit, until the machine ends. */
final class VcpuThread implements Runnable {
    /** What the loop tells its machine. */
    interface Owner {
        /** The guest's first instruction is about to run. */
        void firstEntry(long nanoTime);

        /**
         * Guest memory could not be reached: severs the channels whose memory was taken away.
         *
         * @return whether there were any, so that the guest can go on
         */
        boolean severVanished();

        /** The last vCPU thread has ended. */
        void allEnded();
    }

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

    Portals portals() {
        return portals;
    }

    Completer completer() {
        return completer;
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

    private void loop() {
        boolean first = vcpu.id() == 0;
        while (control.mayRun() || control.park()) {
            if (first) {
                first = false;
                owner.firstEntry(System.nanoTime());
            }
            enter();
        }
    }

    private void enter() {
        try {
            int result = vcpu.run();
            if (result == 0) {
                dispatch(Portal.of(KvmRun.exitReason(area)));
            } else if (result == -Errno.EINTR) {
                portals.handle(Portal.INTERRUPTED, prefetched);
            } else if (result != -Errno.EAGAIN && !(result == -Errno.EFAULT && owner.severVanished())) {
                // EAGAIN is an application processor between INIT and SIPI, EFAULT a window whose memory is gone and
                // whose channel
                // is severed now: enter again.
                portals.runFailed(-result);
            }
        } catch (InternalError e) {
            // The same, met by our own access for the guest; the JVM may throw it some steps later. The guest's
            // instruction is done again.
            if (!owner.severVanished()) {
                throw e;
            }
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
