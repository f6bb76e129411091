package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.cloister.emulator.cpu.CpuState;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/** The bytes of one instruction and the state in which it is executed. Mutable while it is made and shrunk. */
final class TestCase {
    byte[] code = new byte[0];
    /** The width of the code: 64, or 32 and 16 in compatibility mode. */
    int bits = 64;
    /** By {@link dev.cloister.emulator.cpu.CpuState}'s order of segment registers: ES, CS, SS, DS, FS, GS. */
    final int[] selectors = {Layout.USER_DATA, Layout.USER_CODE, Layout.USER_DATA, Layout.USER_DATA, 0, 0};

    /** Where the code begins in the two code pages. */
    int codeOffset = 0x800;

    final long[] gpr = new long[16];
    long rflags = 0x202;
    long fsBase;
    long gsBase;
    /** Offset in the two data pages of what {@link #patch} replaces. */
    int patchOffset;

    final byte[] patch = new byte[Layout.PATCH_BYTES];
    /** Standard format: x87, SSE and AVX, all present. */
    final byte[] xsave = new byte[Layout.XSAVE_BYTES];

    String form = "";

    TestCase() {
        resetExtended();
    }

    /** Puts x87, vectors and MXCSR in their initial state. */
    void resetExtended() {
        java.util.Arrays.fill(xsave, (byte) 0);
        MemorySegment x = MemorySegment.ofArray(xsave);
        x.set(JAVA_LONG_UNALIGNED, 0, 0x37F);
        x.set(JAVA_LONG_UNALIGNED, 24, 0xFFFF_0000_1F80L);
        x.set(JAVA_LONG_UNALIGNED, 512, 7);
    }

    TestCase copy() {
        TestCase copy = new TestCase();
        copy.code = code.clone();
        copy.bits = bits;
        System.arraycopy(selectors, 0, copy.selectors, 0, selectors.length);
        copy.codeOffset = codeOffset;
        System.arraycopy(gpr, 0, copy.gpr, 0, 16);
        copy.rflags = rflags;
        copy.fsBase = fsBase;
        copy.gsBase = gsBase;
        copy.patchOffset = patchOffset;
        System.arraycopy(patch, 0, copy.patch, 0, patch.length);
        System.arraycopy(xsave, 0, copy.xsave, 0, xsave.length);
        copy.form = form;
        return copy;
    }

    /** The offset of the code in its segment. */
    long rip() {
        return Layout.CODE_LINEAR
                + codeOffset
                - Segments.of(selectors[CpuState.CS]).base();
    }

    /** What the code slot holds while the case runs: the code, then filler. */
    byte[] slot() {
        byte[] slot = new byte[Layout.CODE_SLOT];
        java.util.Arrays.fill(slot, Layout.FILLER);
        System.arraycopy(code, 0, slot, 0, code.length);
        return slot;
    }

    /** Writes the case as the loader reads it. */
    void write(MemorySegment ram, long at) {
        ram.set(JAVA_LONG_UNALIGNED, at + Layout.CASE_CODE_AT, Layout.ALIAS + Layout.CODE + codeOffset);
        copy(slot(), ram, at + Layout.CASE_CODE);
        for (int r = 0; r < 16; r++) {
            ram.set(JAVA_LONG_UNALIGNED, at + Layout.CASE_GPR + 8L * r, gpr[r]);
        }
        long[] frame = {rip(), selectors[CpuState.CS], rflags, gpr[4], selectors[CpuState.SS]};
        for (int n = 0; n < frame.length; n++) {
            ram.set(JAVA_LONG_UNALIGNED, at + Layout.CASE_FRAME + 8L * n, frame[n]);
        }
        int[] data = {CpuState.DS, CpuState.ES, CpuState.FS, CpuState.GS};
        for (int n = 0; n < data.length; n++) {
            ram.set(JAVA_SHORT_UNALIGNED, at + Layout.CASE_SELECTORS + 2L * n, (short) selectors[data[n]]);
        }
        ram.set(JAVA_LONG_UNALIGNED, at + Layout.CASE_FS, fsBase);
        ram.set(JAVA_LONG_UNALIGNED, at + Layout.CASE_GS, gsBase);
        ram.set(JAVA_LONG_UNALIGNED, at + Layout.CASE_PATCH_AT, Layout.DATA_LINEAR + patchOffset);
        copy(patch, ram, at + Layout.CASE_PATCH);
        copy(xsave, ram, at + Layout.CASE_XSAVE);
    }

    private static void copy(byte[] bytes, MemorySegment ram, long at) {
        MemorySegment.copy(bytes, 0, ram, JAVA_BYTE, at, bytes.length);
    }

    String hex() {
        return HexFormat.of().formatHex(code);
    }
}
