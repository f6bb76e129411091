package dev.cloister.devices.pci;

/** As what a bus's host bridge shows itself. */
public enum Chipset {
    /** A bridge of no chipset that any guest has special treatment for: for kernels that find everything by ACPI. */
    PLAIN,
    /**
     * Intel's Q35 with its ISA bridge in slot 31, as far as firmware goes by them: UEFI and SeaBIOS know a machine by these two, and put ECAM
     * where they want it.
     */
    Q35
}
