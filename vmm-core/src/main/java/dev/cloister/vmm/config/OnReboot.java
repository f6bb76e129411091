package dev.cloister.vmm.config;

import dev.cloister.vmm.report.Outcome;

/** What becomes of a machine whose guest resets it. */
public enum OnReboot {
    /** The machine ends, as {@link Outcome#RESET}. */
    EXIT,
    /**
     * It begins anew in place: memory empty, devices as after power-on, images loaded again; disks, sockets and the serial port's ends stay
     * open. A guest that does nothing but reset ends as {@link Outcome#GUEST_FAULT}.
     */
    RESTART
}
