package dev.cloister.devices.interrupt;

/**
 * One interrupt message on its way to local APICs.
 *
 * @param destination an APIC id, or a logical destination
 * @param logical whether it is logical
 * @param wide whether the destination has 32 bits, as x2APIC processors send it; else 8
 * @param mode delivery mode, 0 to 7 (Intel SDM vol. 3, 11.6.1)
 * @param vector 0 to 255
 * @param level whether it is level-triggered
 */
record ApicMessage(int destination, boolean logical, boolean wide, int mode, int vector, boolean level) {
    static final int FIXED = 0;
    static final int LOWEST = 1;
    static final int SMI = 2;
    static final int NMI = 4;
    static final int INIT = 5;
    static final int STARTUP = 6;
    static final int EXT_INT = 7;

    private static final int BROADCAST = 0xff;

    /** What an I/O APIC sends for a redirection entry (82093AA data sheet, 3.2.4). */
    static ApicMessage ofRedirection(long entry) {
        return new ApicMessage(
                (int) (entry >>> 56),
                (entry >>> 11 & 1) != 0,
                false,
                (int) entry >>> 8 & 7,
                (int) entry & 0xff,
                (entry >>> 15 & 1) != 0);
    }

    /** A message-signalled interrupt (Intel SDM vol. 3, 11.11). */
    static ApicMessage ofMsi(long address, int data) {
        return new ApicMessage(
                (int) address >>> 12 & 0xff,
                (address >>> 2 & 1) != 0,
                false,
                data >>> 8 & 7,
                data & 0xff,
                (data >>> 15 & 1) != 0);
    }

    /** Whether it is for every processor. */
    boolean broadcast() {
        return wide ? destination == -1 : destination == BROADCAST;
    }
}
