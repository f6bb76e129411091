package dev.cloister.vmm.debug.gdb;

import java.io.Serial;

/** A packet that does not follow the protocol; nothing was changed. */
final class BadPacket extends Exception {
    @Serial
    private static final long serialVersionUID = 1L;

    BadPacket() {
        super("malformed packet", null, false, false);
    }
}
