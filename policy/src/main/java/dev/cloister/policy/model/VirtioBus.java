package dev.cloister.policy.model;

import java.util.Locale;

/** Where a domain's guest finds its virtio devices. The ordinal is the number on the wire. */
public enum VirtioBus {
    /** As functions of PCI. */
    PCI,
    /** As windows of registers, of which ACPI and the kernel's command line tell: for kernels without PCI. */
    MMIO;

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
