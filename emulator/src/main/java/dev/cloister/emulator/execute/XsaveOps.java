package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.vector.VectorUnit;

/** The XSAVE and FXSAVE families, XGETBV, XSETBV and MXCSR (Intel SDM vol. 1, chapter 13, and 10.5). */
public final class XsaveOps {
    private static final int MSR_XSS = 0xDA0;
    private static final long COMPACT = 1L << 63;
    private static final int MXCSR_MASK = 0xFFFF;
    private static final int HEADER_END = 576;
    /** The component of the protection keys' register. */
    private static final int KEYS = 9;
    /** Highest component that a standard-format image can hold. */
    private static final int COMPONENTS = 63;

    private XsaveOps() {}

    public static void register(HandlerRegistry table) {
        table.put((x, i) -> save(x, i, true), "xsave", "xsave64");
        table.put((x, i) -> save(x, i, false), "xsaveopt", "xsaveopt64");
        table.put((x, i) -> saveCompact(x, i, false), "xsavec", "xsavec64");
        table.put((x, i) -> saveCompact(x, i, true), "xsaves", "xsaves64");
        table.put((x, i) -> restore(x, i, false), "xrstor", "xrstor64");
        table.put((x, i) -> restore(x, i, true), "xrstors", "xrstors64");
        table.put(XsaveOps::fxsave, "fxsave", "fxsave64");
        table.put(XsaveOps::fxrstor, "fxrstor", "fxrstor64");
        table.put(XsaveOps::xgetbv, "xgetbv");
        table.put(XsaveOps::xsetbv, "xsetbv");
        table.put(XsaveOps::ldmxcsr, "ldmxcsr", "vldmxcsr");
        table.put(
                (x, i) -> {
                    VectorUnit.checkSse(x, i);
                    x.set(i, 0, x.state.extended().mxcsr() & 0xFFFFFFFFL);
                },
                "stmxcsr",
                "vstmxcsr");
    }

    private static void ldmxcsr(Execution x, Instruction i) {
        VectorUnit.checkSse(x, i);
        int value = (int) x.get(i, 0);
        checkMxcsr(x, value);
        x.state.extended().setMxcsr(value);
    }

    private static void checkMxcsr(Execution x, int value) {
        if ((value & ~MXCSR_MASK) != 0) {
            throw x.fault(CpuException.GP);
        }
    }

    private static void checkOsxsave(Execution x) {
        if ((x.state.cr4() & ControlBits.CR4_OSXSAVE) == 0) {
            throw x.fault(CpuException.UD);
        }
    }

    private static void xgetbv(Execution x, Instruction i) {
        checkOsxsave(x);
        long index = x.register(CpuState.RCX, 4);
        if (index > 1) {
            throw x.fault(CpuException.GP);
        }
        long value = index == 0 ? x.state.xcr0() : x.state.xcr0() & inUse(x.state);
        x.setRegister(CpuState.RAX, 4, value);
        x.setRegister(CpuState.RDX, 4, value >>> 32);
    }

    private static void xsetbv(Execution x, Instruction i) {
        checkOsxsave(x);
        x.requireSupervisor();
        long value = mask(x);
        x.environment.cpuid(0xD, 0, x.leaf);
        long supported = x.leaf[0] & 0xFFFFFFFFL | (long) x.leaf[3] << 32;
        boolean bad = (value & 1) == 0 || (value & ~supported) != 0;
        boolean avxAlone = (value & ExtendedState.AVX) != 0 && (value & ExtendedState.SSE) == 0;
        boolean partial512 = (value & 0xE0) != 0 && (value & 0xE6) != 0xE6;
        if (x.register(CpuState.RCX, 4) != 0 || bad || avxAlone || partial512) {
            throw x.fault(CpuException.GP);
        }
        x.state.setXcr0(value);
    }

    private static long mask(Execution x) {
        return x.register(CpuState.RDX, 4) << 32 | x.register(CpuState.RAX, 4);
    }

    /** XINUSE: what the image says, and SSE where MXCSR isn't at its initial value (SDM vol. 1, 13.6). */
    private static long inUse(CpuState state) {
        boolean control = state.extended().mxcsr() != ExtendedState.DEFAULT_MXCSR;
        return state.extended().xstateBv() | (control ? ExtendedState.SSE : 0);
    }

    private static void check(Execution x, boolean supervisor) {
        checkOsxsave(x);
        if (supervisor) {
            x.requireSupervisor();
        }
        if (x.state.flagCr0(ControlBits.CR0_TS)) {
            throw x.fault(CpuException.NM);
        }
    }

    private static long aligned(Execution x, Instruction i, int alignment) {
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        long linear = x.segmentation.linear(segment, at, 1, 0);
        if ((linear & alignment - 1) != 0) {
            x.segmentation.checkAlignment(linear, alignment);
            throw x.fault(CpuException.GP);
        }
        return at;
    }

    private static long supervisorMask(Execution x) {
        return x.readMsr(MSR_XSS) ? x.msr[0] : 0;
    }

    private static int component(Execution x, int index, int register) {
        x.environment.cpuid(0xD, index, x.leaf);
        return x.leaf[register];
    }

    /** Where a component lies in the memory image: CPUID's offset, or the running end of the compacted format. */
    private static int place(Execution x, int index, boolean compact, int end) {
        if (!compact) {
            return component(x, index, 1);
        }
        return (component(x, index, 2) & 2) != 0 ? end + 63 & ~63 : end;
    }

    private static boolean has(long mask, int component) {
        return (mask >>> component & 1) != 0;
    }

    private static void copyOut(Execution x, int segment, long at, int from, int length) {
        for (int n = 0; n < length; n += 8) {
            x.write(segment, at + n, 8, x.state.extended().getLong(from + n));
        }
    }

    private static void copyLegacy(Execution x, Instruction i, int segment, long at, long which, long rfbm) {
        if (has(which, 0)) {
            copyOut(x, segment, at, 0, 24);
            if (!i.wide) {
                // Selectors in place of the pointers' upper halves, and those are no longer kept.
                x.write(segment, at + 12, 4, 0);
                x.write(segment, at + 20, 4, 0);
            }
            copyOut(x, segment, at + 32, 32, 128);
        }
        if (has(which, 1)) {
            copyOut(x, segment, at + 160, 160, x.long64 ? 256 : 128);
        }
        if ((rfbm & 6) != 0) {
            x.write(segment, at + 24, 4, x.state.extended().mxcsr());
            x.write(segment, at + 28, 4, MXCSR_MASK);
        }
    }

    /** Bytes from the start of the area to the end of its last component. */
    private static int extent(Execution x, long mask, boolean compact) {
        int end = HEADER_END;
        int furthest = end;
        for (int c = 2; c < COMPONENTS; c++) {
            if (has(mask, c)) {
                end = place(x, c, compact, end) + component(x, c, 0);
                furthest = Math.max(furthest, end);
            }
        }
        if (furthest > ExtendedState.SIZE) {
            throw x.unsupported("an XSAVE area of " + furthest + " bytes");
        }
        return furthest;
    }

    /** PKRU is kept beside the image: it goes there before a save. */
    private static void placeKeys(Execution x) {
        x.state.extended().placePkru(has(x.state.xcr0(), KEYS) ? component(x, KEYS, 1) : 0);
    }

    /** And comes from there after a restore. */
    private static void takeKeys(Execution x, long rfbm, long which) {
        if (has(rfbm, KEYS)) {
            ExtendedState extended = x.state.extended();
            extended.setPkru(has(which, KEYS) ? extended.getInt(component(x, KEYS, 1)) : 0);
            x.segmentation.memory().refresh();
        }
    }

    /** Outside 64-bit mode registers 8 to 15 are neither saved nor loaded (SDM vol. 1, 13.5.2 and 13.5.3). */
    private static int visible(Execution x, int component, int size) {
        return component == 2 && !x.long64 ? size / 2 : size;
    }

    private static void copyComponents(Execution x, int segment, long at, long which, long layout, boolean compact) {
        int end = HEADER_END;
        for (int c = 2; c < COMPONENTS; c++) {
            if (has(layout, c)) {
                int place = place(x, c, compact, end);
                int size = component(x, c, 0);
                end = place + size;
                if (has(which, c)) {
                    copyOut(x, segment, at + place, component(x, c, 1), visible(x, c, size));
                }
            }
        }
    }

    private static void save(Execution x, Instruction i, boolean all) {
        check(x, false);
        placeKeys(x);
        int segment = x.segmentOf(i);
        long at = aligned(x, i, 64);
        long rfbm = x.state.xcr0() & mask(x);
        long used = inUse(x.state);
        x.segmentation.probe(segment, at, extent(x, rfbm, false), LinearMemory.WRITE);
        x.state.extended().writeInitial(~used);
        long old = x.read(segment, at + 512, 8, LinearMemory.WRITE);
        long which = all ? rfbm : rfbm & used;
        copyLegacy(x, i, segment, at, which, rfbm);
        copyComponents(x, segment, at, which, rfbm, false);
        x.write(segment, at + 512, 8, old & ~rfbm | rfbm & used);
    }

    private static void saveCompact(Execution x, Instruction i, boolean supervisor) {
        check(x, supervisor);
        placeKeys(x);
        int segment = x.segmentOf(i);
        long at = aligned(x, i, 64);
        long rfbm = (x.state.xcr0() | (supervisor ? supervisorMask(x) : 0)) & mask(x);
        long which = rfbm & inUse(x.state);
        x.segmentation.probe(segment, at, extent(x, rfbm, true), LinearMemory.WRITE);
        x.state.extended().writeInitial(~inUse(x.state));
        // Unlike XSAVE, the compacted forms write MXCSR with the SSE component only.
        copyLegacy(x, i, segment, at, which, which & ExtendedState.SSE);
        copyComponents(x, segment, at, which, rfbm, true);
        x.write(segment, at + 512, 8, which);
        x.write(segment, at + 520, 8, rfbm | COMPACT);
    }

    private static void readArea(Execution x, int segment, long at, int length) {
        for (int n = 0; n < length; n += 8) {
            ExtendedState.putLong(x.buffer, n, x.read(segment, at + n, 8, 0));
        }
    }

    private static void restore(Execution x, Instruction i, boolean supervisor) {
        check(x, supervisor);
        int segment = x.segmentOf(i);
        long at = aligned(x, i, 64);
        long enabled = x.state.xcr0() | (supervisor ? supervisorMask(x) : 0);
        long rfbm = enabled & mask(x);
        readArea(x, segment, at, HEADER_END);
        long present = ExtendedState.longAt(x.buffer, 512);
        long layout = ExtendedState.longAt(x.buffer, 520);
        boolean compact = layout < 0;
        checkHeader(x, present, layout, enabled, supervisor);
        int mxcsr = (int) ExtendedState.longAt(x.buffer, 24);
        boolean loadsControl = compact ? (rfbm & present & 2) != 0 : (rfbm & 6) != 0;
        if (loadsControl) {
            checkMxcsr(x, mxcsr);
        }
        long which = rfbm & present;
        long extentMask = compact ? layout & ~COMPACT : which;
        readArea(x, segment, at, extent(x, extentMask, compact) + 7 & ~7);
        loadLegacy(x, i, which);
        loadComponents(x, which, compact ? layout & ~COMPACT : rfbm, compact);
        ExtendedState extended = x.state.extended();
        extended.setXstateBv(extended.xstateBv() & ~rfbm | which);
        extended.writeInitial(rfbm & ~present);
        takeKeys(x, rfbm, which);
        if (loadsControl) {
            extended.setMxcsr(mxcsr);
        } else if ((rfbm & 2) != 0) {
            extended.setMxcsr(ExtendedState.DEFAULT_MXCSR);
        }
    }

    private static void checkHeader(Execution x, long present, long layout, long enabled, boolean supervisor) {
        boolean compact = layout < 0;
        long allowed = compact ? layout & ~COMPACT & enabled : enabled;
        boolean bad = (present & ~allowed) != 0
                || (compact ? (layout & ~COMPACT & ~enabled) != 0 : layout != 0 || supervisor);
        for (int n = compact ? 528 : 520; n < (compact ? HEADER_END : 536); n += 8) {
            bad |= ExtendedState.longAt(x.buffer, n) != 0;
        }
        if (bad) {
            throw x.fault(CpuException.GP);
        }
    }

    private static void loadLegacy(Execution x, Instruction i, long which) {
        byte[] image = x.state.extended().image();
        if (has(which, 0)) {
            System.arraycopy(x.buffer, 0, image, 0, 24);
            System.arraycopy(x.buffer, 32, image, 32, 128);
            x.x87.accept(i.wide);
        }
        if (has(which, 1)) {
            System.arraycopy(x.buffer, 160, image, 160, x.long64 ? 256 : 128);
        }
    }

    private static void loadComponents(Execution x, long which, long layout, boolean compact) {
        int end = HEADER_END;
        for (int c = 2; c < COMPONENTS; c++) {
            if (has(layout, c)) {
                int place = place(x, c, compact, end);
                int size = component(x, c, 0);
                end = place + size;
                if (has(which, c)) {
                    System.arraycopy(
                            x.buffer, place, x.state.extended().image(), component(x, c, 1), visible(x, c, size));
                }
            }
        }
    }

    private static void fxsave(Execution x, Instruction i) {
        VectorUnit.checkX87(x);
        int segment = x.segmentOf(i);
        long at = aligned(x, i, 16);
        x.segmentation.probe(segment, at, 512, LinearMemory.WRITE);
        x.state.extended().normalize();
        copyLegacy(x, i, segment, at, 3, 3);
    }

    private static void fxrstor(Execution x, Instruction i) {
        VectorUnit.checkX87(x);
        int segment = x.segmentOf(i);
        long at = aligned(x, i, 16);
        x.segmentation.probe(segment, at, 512, 0);
        readArea(x, segment, at, 416);
        int mxcsr = (int) ExtendedState.longAt(x.buffer, 24);
        checkMxcsr(x, mxcsr);
        x.state.extended().normalize();
        loadLegacy(x, i, 3);
        x.state.extended().setMxcsr(mxcsr);
    }
}
