package dev.cloister.vmm.debug.gdb;

import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjLongConsumer;
import java.util.function.ToLongFunction;

/** Makes the registers of each feature. Vector and x87 registers lie in the XSAVE image (Intel SDM vol. 1, 13.4). */
final class Registers {
    private static final int[] GDB_ORDER = {
        CpuState.RAX, CpuState.RBX, CpuState.RCX, CpuState.RDX, CpuState.RSI, CpuState.RDI, CpuState.RBP, CpuState.RSP
    };
    private static final String[] WIDE_NAMES = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"};
    private static final String[] NARROW_NAMES = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    private static final String[] SEGMENT_NAMES = {"cs", "ss", "ds", "es", "fs", "gs"};
    private static final int[] SEGMENTS = {CpuState.CS, CpuState.SS, CpuState.DS, CpuState.ES, CpuState.FS, CpuState.GS
    };
    private static final int X87_REGISTERS = 32;
    private static final int XMM = 160;
    private static final int YMM_HIGH = 576;
    private static final int MXCSR = 24;
    private static final int MXCSR_BITS = 0xffff;
    private static final int SLOT = 16;
    private static final int X87_BYTES = 10;
    private static final int MSR_KERNEL_GS_BASE = 0xC000_0102;
    private static final long LOW_32 = 0xffff_ffffL;

    private Registers() {}

    static List<Register> core(boolean wide) {
        List<Register> list = new ArrayList<>();
        if (wide) {
            for (int i = 0; i < GDB_ORDER.length; i++) {
                list.add(general(WIDE_NAMES[i], GDB_ORDER[i], Long.BYTES, i < 6 ? "int64" : "data_ptr"));
            }
            for (int i = 8; i < 16; i++) {
                list.add(general("r" + i, i, Long.BYTES, "int64"));
            }
            list.add(number("rip", Long.BYTES, "code_ptr", CpuState::rip, CpuState::setRip));
        } else {
            for (int i = 0; i < NARROW_NAMES.length; i++) {
                list.add(general(NARROW_NAMES[i], i, Integer.BYTES, i == 4 || i == 5 ? "data_ptr" : "int32"));
            }
            list.add(number("eip", Integer.BYTES, "code_ptr", CpuState::rip, CpuState::setRip));
        }
        list.add(number(
                "eflags",
                Integer.BYTES,
                "i386_eflags",
                CpuState::rflags,
                (state, value) -> state.setRflags(value & LOW_32 | 2)));
        for (int i = 0; i < SEGMENTS.length; i++) {
            list.add(selector(SEGMENT_NAMES[i], SEGMENTS[i]));
        }
        for (int i = 0; i < 8; i++) {
            list.add(raw("st" + i, X87_BYTES, "i387_ext", "float", X87_REGISTERS + SLOT * i));
        }
        X87Environment.addTo(list);
        return list;
    }

    private static Register general(String name, int index, int bytes, String type) {
        return number(name, bytes, type, state -> state.gpr(index), (state, value) -> state.setGpr(index, value));
    }

    static List<Register> sse(int count) {
        List<Register> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(raw("xmm" + i, SLOT, "vec128", "vector", XMM + SLOT * i));
        }
        list.add(new Register(
                "mxcsr",
                Integer.BYTES,
                "int32",
                "vector",
                (_, state, into, at) -> System.arraycopy(state.extended().image(), MXCSR, into, at, Integer.BYTES),
                (state, from, at) -> {
                    boolean valid = (get(from, at, Integer.BYTES) & ~MXCSR_BITS) == 0;
                    if (valid) {
                        System.arraycopy(from, at, state.extended().image(), MXCSR, Integer.BYTES);
                    }
                    return valid;
                }));
        return list;
    }

    static List<Register> avx(int count) {
        List<Register> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(raw("ymm" + i + "h", SLOT, "uint128", "", YMM_HIGH + SLOT * i));
        }
        return list;
    }

    static List<Register> segmentBases() {
        return List.of(base("fs_base", CpuState.FS), base("gs_base", CpuState.GS));
    }

    static List<Register> system() {
        List<Register> list = new ArrayList<>();
        list.add(new Register(
                "k_gs_base",
                Long.BYTES,
                "int64",
                "system",
                (target, _, into, at) ->
                        put(into, at, Long.BYTES, target.msr(MSR_KERNEL_GS_BASE).orElse(0)),
                (_, _, _) -> false));
        list.add(seen("cr0", CpuState::cr0));
        list.add(system("cr2", CpuState::cr2, CpuState::setCr2));
        list.add(system("cr3", CpuState::cr3, CpuState::setCr3));
        list.add(seen("cr4", CpuState::cr4));
        list.add(system("cr8", CpuState::cr8, (state, value) -> state.setCr8(value & 15)));
        list.add(seen("efer", CpuState::efer));
        list.add(seen("xcr0", CpuState::xcr0));
        for (int i = 0; i < 4; i++) {
            list.add(seen(SEGMENT_NAMES[i] + "_base", SEGMENTS[i], SegmentRegister::base));
        }
        list.add(seen("ldtr", CpuState.LDTR, SegmentRegister::selector));
        list.add(seen("ldtr_base", CpuState.LDTR, SegmentRegister::base));
        list.add(seen("tr", CpuState.TR, SegmentRegister::selector));
        list.add(seen("tr_base", CpuState.TR, SegmentRegister::base));
        list.add(seen("gdtr_base", state -> state.gdtr().base()));
        list.add(seen("gdtr_limit", state -> state.gdtr().limit()));
        list.add(seen("idtr_base", state -> state.idtr().base()));
        list.add(seen("idtr_limit", state -> state.idtr().limit()));
        for (int i : new int[] {0, 1, 2, 3, 6, 7}) {
            list.add(seen("dr" + i, state -> state.dr(i)));
        }
        return list;
    }

    private static Register seen(String name, int segment, ToLongFunction<SegmentRegister> getter) {
        return seen(name, state -> getter.applyAsLong(state.segment(segment)));
    }

    /** A register that a debugger may look at only: a processor cannot change it alone and stay in a valid state. */
    private static Register seen(String name, ToLongFunction<CpuState> getter) {
        return new Register(
                name,
                Long.BYTES,
                "int64",
                "system",
                (_, state, into, at) -> put(into, at, Long.BYTES, getter.applyAsLong(state)),
                (state, from, at) -> get(from, at, Long.BYTES) == getter.applyAsLong(state));
    }

    private static Register system(String name, ToLongFunction<CpuState> getter, ObjLongConsumer<CpuState> setter) {
        Register plain = number(name, Long.BYTES, "int64", getter, setter);
        return new Register(name, Long.BYTES, "int64", "system", plain.getter(), plain.setter());
    }

    private static Register base(String name, int index) {
        return number(name, Long.BYTES, "int64", state -> state.segment(index).base(), (state, value) -> {
            SegmentRegister s = state.segment(index);
            s.set(s.selector(), value, s.limit(), s.attributes());
        });
    }

    /** A selector changes its segment only where no descriptor belongs to it (Intel SDM vol. 3, 21.1.1). */
    private static Register selector(String name, int index) {
        return new Register(
                name,
                Integer.BYTES,
                "int32",
                "",
                (_, state, into, at) ->
                        put(into, at, Integer.BYTES, state.segment(index).selector()),
                (state, from, at) -> {
                    long value = get(from, at, Integer.BYTES);
                    SegmentRegister s = state.segment(index);
                    if (value == s.selector()) {
                        return true;
                    }
                    CpuMode mode = state.mode();
                    if (mode.usesDescriptors() || value > 0xffff) {
                        return false;
                    }
                    s.set((int) value, value << 4, s.limit(), s.attributes());
                    return true;
                });
    }

    private static Register number(
            String name, int bytes, String type, ToLongFunction<CpuState> getter, ObjLongConsumer<CpuState> setter) {
        return new Register(
                name,
                bytes,
                type,
                "",
                (_, state, into, at) -> put(into, at, bytes, getter.applyAsLong(state)),
                (state, from, at) -> {
                    setter.accept(state, get(from, at, bytes));
                    return true;
                });
    }

    private static Register raw(String name, int bytes, String type, String group, int place) {
        return new Register(
                name,
                bytes,
                type,
                group,
                (_, state, into, at) -> System.arraycopy(state.extended().image(), place, into, at, bytes),
                (state, from, at) -> {
                    System.arraycopy(from, at, state.extended().image(), place, bytes);
                    return true;
                });
    }

    /** Stores a little-endian number. */
    static void put(byte[] into, int offset, int bytes, long value) {
        for (int i = 0; i < bytes; i++) {
            into[offset + i] = (byte) (value >>> Byte.SIZE * i);
        }
    }

    /** Loads a little-endian number, zero-extended. */
    static long get(byte[] from, int offset, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (from[offset + i] & 0xffL) << Byte.SIZE * i;
        }
        return value;
    }
}
