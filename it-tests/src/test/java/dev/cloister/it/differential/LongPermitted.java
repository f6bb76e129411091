package dev.cloister.it.differential;

import java.util.List;

/** What the emulator and QEMU's translator may differ in, in IA-32e mode, with the reasons. */
final class LongPermitted {
    private LongPermitted() {}

    /** Why the differences are permitted; empty where they aren't. */
    static String why(LongCase c, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        return "";
    }
}
