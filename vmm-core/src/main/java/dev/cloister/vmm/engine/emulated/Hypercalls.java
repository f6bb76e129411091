package dev.cloister.vmm.engine.emulated;

import dev.cloister.devices.interrupt.InterruptChips;
import dev.cloister.vmm.memory.GuestMap;

/**
 * The calls of KVM's paravirtual interface that the emulated engine answers (Linux, Documentation/virt/kvm/x86/hypercalls.rst): programs
 * written for KVM use VMCALL without asking. Results are 0 or more, or an error as KVM numbers it. Any vCPU's thread; keeps no state.
 */
final class Hypercalls {
    /** KVM_HC_VAPIC_POLL_IRQ: makes the hypervisor look for interrupts, which it always does here. */
    static final int POLL_INTERRUPTS = 1;
    /** KVM_HC_SEND_IPI: one interrupt to up to 128 processors. */
    static final int SEND_INTERRUPT = 10;
    /** KVM_HC_SCHED_YIELD: lets another processor run. */
    static final int YIELD = 11;
    /** -KVM_ENOSYS. */
    static final long UNKNOWN = -1000;
    /** -KVM_EINVAL. */
    static final long INVALID = -22;

    /** Destination shorthand, and logical destination: the bitmap already says who. */
    private static final int OTHER_DESTINATION = 3 << 18 | 1 << 11;

    private static final int VECTOR_AND_MODE = 0x7ff;
    private static final int DESTINATION_SHIFT = 12;

    private final InterruptChips chips;
    private final int processors;

    Hypercalls(InterruptChips chips, int processors) {
        this.chips = chips;
        this.processors = processors;
    }

    /**
     * Answers a call.
     *
     * @param number which
     * @param arguments RBX, RCX, RDX, RSI
     * @param bits how wide they are, 32 or 64
     */
    long answer(long number, long[] arguments, int bits) {
        if (number == SEND_INTERRUPT) {
            return send(arguments, bits);
        }
        return number == POLL_INTERRUPTS || number == YIELD ? 0 : UNKNOWN;
    }

    /** Two bitmaps of APIC ids from the one in the third argument on; the fourth is as the interrupt command register. */
    private long send(long[] arguments, int bits) {
        int command = (int) arguments[3];
        if ((command & OTHER_DESTINATION) != 0) {
            return INVALID;
        }
        long first = arguments[2] & 0xffff_ffffL;
        long sent = 0;
        for (int processor = 0; processor < processors; processor++) {
            long bit = processor - first;
            boolean wanted = bit >= 0 && bit < 2L * bits && (arguments[bit < bits ? 0 : 1] >>> bit % bits & 1) != 0;
            if (wanted) {
                chips.message(GuestMap.LOCAL_APIC | (long) processor << DESTINATION_SHIFT, command & VECTOR_AND_MODE);
                sent++;
            }
        }
        return sent;
    }
}
