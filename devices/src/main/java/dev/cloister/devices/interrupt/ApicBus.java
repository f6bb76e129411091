package dev.cloister.devices.interrupt;

/** Carries messages to the local APICs of a machine. Used with the chips' lock held. */
final class ApicBus {
    private final LocalApic[] apics;

    ApicBus(LocalApic[] apics) {
        this.apics = apics;
    }

    /** Delivers a message; returns whether any processor accepted it. */
    boolean deliver(ApicMessage message) {
        if (message.mode() == ApicMessage.LOWEST) {
            return deliverLowest(message);
        }
        boolean accepted = false;
        for (LocalApic apic : apics) {
            if (apic.isAddressed(message)) {
                accepted |= apic.accept(message);
            }
        }
        return accepted;
    }

    /** Among equals the one with the smallest number: allowed, if not fair (Intel SDM vol. 3, 11.6.2.4). */
    private boolean deliverLowest(ApicMessage message) {
        LocalApic best = null;
        for (LocalApic apic : apics) {
            if (apic.isAddressed(message)
                    && apic.enabled()
                    && (best == null || apic.processorPriority() < best.processorPriority())) {
                best = apic;
            }
        }
        return best != null && best.accept(message);
    }

    /** Delivers to all but one, or to all: the shorthands of an IPI. */
    void deliverToAll(ApicMessage message, LocalApic except) {
        for (LocalApic apic : apics) {
            if (apic != except) {
                apic.accept(message);
            }
        }
    }
}
