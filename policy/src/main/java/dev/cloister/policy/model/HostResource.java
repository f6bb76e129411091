package dev.cloister.policy.model;

import java.util.Locale;

/** Sorts of host resources that flows may name as endpoints. */
public enum HostResource {
    /** {@code @audit}: the live audit stream; a source only, of kind memory. */
    AUDIT,
    /** {@code @console}: sink of serial output, source of serial input; kind console. */
    CONSOLE,
    /** {@code @disk:name}: a disk image or block device; kind disk. */
    DISK,
    /** {@code @tap:name}: a host network interface; kind wire. */
    TAP,
    /** {@code @socket:name}: Unix sockets of programs that talk to one domain by AF_VSOCK; kind stream. */
    SOCKET,
    /** {@code @log:name}: a file that serial output or lines are appended to; kinds console and log; a sink only. */
    LOG;

    /** Returns the name of the sort, such as {@code disk}; {@code host} declares those with names under its plural. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns whether a host has several of them, each with a name. */
    public boolean named() {
        return this == DISK || this == TAP || this == SOCKET || this == LOG;
    }
}
