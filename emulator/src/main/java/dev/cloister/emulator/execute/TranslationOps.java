package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.decode.Instruction;

/** INVLPG and INVPCID (Intel SDM vol. 2; vol. 3, 4.10.4.1), and the protection keys' register. */
final class TranslationOps {
    private static final int OF_PAGE = 0;
    private static final int ALL = 2;
    private static final int LAST = 3;
    private static final long PCID = 0xFFF;

    private TranslationOps() {}

    static void register(HandlerRegistry table) {
        table.put(TranslationOps::invlpg, "invlpg");
        table.put(TranslationOps::invpcid, "invpcid");
        table.put(TranslationOps::rdpkru, "rdpkru");
        table.put(TranslationOps::wrpkru, "wrpkru");
    }

    private static void invlpg(Execution x, Instruction i) {
        x.requireSupervisor();
        int segment = x.segmentOf(i);
        long offset = x.effective(i);
        long base =
                x.long64 && segment < CpuState.FS ? 0 : x.state.segment(segment).base();
        long linear = x.segmentation.linearWidth(base + offset);
        if (x.segmentation.isCanonical(linear)) {
            x.segmentation.memory().invalidateTranslation(linear);
        }
    }

    private static void invpcid(Execution x, Instruction i) {
        x.requireSupervisor();
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        long type = x.get(i, 0);
        long pcid = x.read(segment, at, 8, 0);
        long linear = x.read(segment, at + 8, 8, 0);
        if (Long.compareUnsigned(type, LAST) > 0) {
            throw x.fault(CpuException.GP);
        }
        boolean named = type < ALL;
        boolean absent = named && (x.state.cr4() & ControlBits.CR4_PCIDE) == 0 && pcid != 0;
        boolean bad = named && (pcid & ~PCID) != 0 || absent;
        if (bad || type == OF_PAGE && !x.segmentation.isBase(linear)) {
            throw x.fault(CpuException.GP);
        }
        x.segmentation.memory().invalidatePcid((int) type, named ? (int) pcid : 0, linear);
    }

    private static void checkKeys(Execution x) {
        if ((x.state.cr4() & ControlBits.CR4_PKE) == 0) {
            throw x.fault(CpuException.UD);
        }
        if (x.register(CpuState.RCX, 4) != 0) {
            throw x.fault(CpuException.GP);
        }
    }

    private static void rdpkru(Execution x, Instruction i) {
        checkKeys(x);
        x.setRegister(CpuState.RAX, 4, x.state.extended().pkru());
        x.setRegister(CpuState.RDX, 4, 0);
    }

    private static void wrpkru(Execution x, Instruction i) {
        checkKeys(x);
        if (x.register(CpuState.RDX, 4) != 0) {
            throw x.fault(CpuException.GP);
        }
        x.state.extended().setPkru((int) x.register(CpuState.RAX, 4));
        x.segmentation.memory().refresh();
    }
}
