package dev.cloister.vmm.debug.gdb;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.vmm.debug.DebugTarget;

/**
 * One register as the peer knows it.
 *
 * @param name its name in GDB's feature, or one of ours
 * @param bytes how long it is, 4 to 16
 * @param type its type in the description
 * @param group where {@code info registers} lists it, may be empty
 * @param getter how to read it
 * @param setter how to write it
 */
record Register(String name, int bytes, String type, String group, Getter getter, Setter setter) {
    /** Reads a register. */
    @FunctionalInterface
    interface Getter {
        /** Writes the little-endian value into an array. */
        void get(DebugTarget target, CpuState state, byte[] into, int offset);
    }

    /** Writes a register. */
    @FunctionalInterface
    interface Setter {
        /**
         * Takes the little-endian value from an array.
         *
         * @return false where the value cannot be given to this register
         */
        boolean set(CpuState state, byte[] from, int offset);
    }
}
