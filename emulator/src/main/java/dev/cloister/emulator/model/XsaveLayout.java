package dev.cloister.emulator.model;

import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.cpu.CpuState;

/** Leaf 0xD: which state components there are, how large and where (Intel SDM vol. 1, 13.2; vol. 2, CPUID). */
final class XsaveLayout {
    private static final int LEGACY_END = 576;
    private static final int AVX_COMPONENT = 2;
    private static final int AVX_SIZE = 256;
    private static final int AVX_OFFSET = 576;
    private static final int PKRU_COMPONENT = 9;
    private static final int PKRU_SIZE = 8;
    private static final int PKRU_OFFSET = 2688;
    private static final long BASE = 3;
    private static final long AVX = 1L << AVX_COMPONENT;
    private static final long PKRU = 1L << PKRU_COMPONENT;

    private final long components;

    XsaveLayout(CpuModel model) {
        long all = 0;
        if (model.has(CpuFeature.XSAVE)) {
            all = BASE | (model.has(CpuFeature.AVX) ? AVX : 0) | (model.has(CpuFeature.PKU) ? PKRU : 0);
        }
        components = all;
    }

    private static int standardSize(long enabled) {
        if ((enabled & PKRU) != 0) {
            return PKRU_OFFSET + PKRU_SIZE;
        }
        return (enabled & AVX) != 0 ? AVX_OFFSET + AVX_SIZE : LEGACY_END;
    }

    private static int compactSize(long enabled) {
        return LEGACY_END + ((enabled & AVX) != 0 ? AVX_SIZE : 0) + ((enabled & PKRU) != 0 ? PKRU_SIZE : 0);
    }

    void answer(int subleaf, CpuState state, int instructions, int[] result) {
        if (components == 0) {
            return;
        }
        switch (subleaf) {
            case 0 -> {
                result[0] = (int) components;
                result[1] = standardSize(state.xcr0());
                result[2] = standardSize(components);
            }
            case 1 -> {
                result[0] = instructions;
                boolean compact = (instructions & CpuFeature.XSAVEC.mask()) != 0;
                result[1] = compact ? compactSize(state.xcr0()) : 0;
            }
            case AVX_COMPONENT -> component(AVX, AVX_SIZE, AVX_OFFSET, result);
            case PKRU_COMPONENT -> component(PKRU, PKRU_SIZE, PKRU_OFFSET, result);
            default -> {}
        }
    }

    private void component(long bit, int size, int offset, int[] result) {
        if ((components & bit) != 0) {
            result[0] = size;
            result[1] = offset;
        }
    }
}
