package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.Set;

/** Makes cases of a form: an encoding, and a state in which it does something more often than it faults. */
final class Generator {
    private static final int RSP = 4;
    private static final int RBP = 5;
    private static final int RSI = 6;
    private static final int RDI = 7;
    private static final Set<String> DIVISIONS = Set.of("div", "idiv");
    private static final Set<String> COMPARES = Set.of("cmpxchg", "cmpxchg8b", "cmpxchg16b");
    private static final Set<String> SELECTED =
            Set.of("lar", "lsl", "verr", "verw", "lldt", "ltr", "lss", "lfs", "lgs");
    private static final int[] SELECTORS = {0, 0, 0x2B, 0x2B, 0x33, 0xFFF8, 0xFFFB, 0x10, 0x18};

    private final Random random;
    private final int bits;
    private final NarrowState narrow;
    private final Values values;
    private final Encoder encoder;
    private final Targets targets;
    private final Instruction instruction = new Instruction();

    /**
     * Makes a source of cases.
     *
     * @param random decides everything
     * @param bits the width of the code: 16, 32 or 64
     */
    Generator(Random random, int bits) {
        this.random = random;
        this.bits = bits;
        narrow = new NarrowState(random);
        values = new Values(random);
        encoder = new Encoder(random);
        targets = new Targets(random);
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    /** Makes a case, or null where the form can't be encoded. */
    TestCase generate(Site site) {
        byte[] code = encoder.encode(site, bits, instruction);
        if (code == null) {
            return null;
        }
        TestCase c = new TestCase();
        c.form = site.name();
        c.bits = bits;
        c.code = code;
        c.codeOffset = place(code.length);
        c.patchOffset = random.nextInt(Layout.DATA_BYTES - Layout.PATCH_BYTES + 1);
        MemorySegment patch = MemorySegment.ofArray(c.patch);
        for (int n = 0; n < Layout.PATCH_BYTES; n += 8) {
            patch.set(JAVA_LONG_UNALIGNED, n, values.lane());
        }
        narrow.segments(c);
        registers(c);
        if (site.isExtended() || one(40)) {
            new ExtendedValues(random, values).fill(c);
        }
        operands(c, instruction);
        habits(c, instruction);
        memory(c, instruction);
        narrow.cut(c);
        return Permitted.isComparable(instruction, c) ? c : generate(site);
    }

    /** Mostly in the middle of a page; also across the pages, and up to the end of the last. */
    private int place(int length) {
        return switch (random.nextInt(20)) {
            case 0 -> Layout.PAGE - random.nextInt(length + 1);
            case 1 -> Layout.CODE_BYTES - length;
            case 2 -> one(4) ? Layout.CODE_BYTES - 1 - random.nextInt(length) : 0x900;
            default -> 0x800;
        };
    }

    private void registers(TestCase c) {
        for (int r = 0; r < 16; r++) {
            c.gpr[r] = values.integer();
        }
        c.rflags = 0x202 | random.nextInt() & 0x8D5;
        c.rflags |= one(8) ? 0x400 : 0;
        c.rflags |= one(8) ? 0x40000 : 0;
        c.rflags |= one(32) ? 0x200000 : 0;
        c.rflags |= one(64) ? 0x4000 : 0;
        c.fsBase = one(3) ? random.nextInt(256) : one(8) ? values.integer() << 17 >> 17 : 0;
        c.gsBase = one(3) ? random.nextInt(256) : one(8) ? values.integer() << 17 >> 17 : 0;
        c.gpr[RSP] = narrow.stack(c, targets.stack(c));
        if (one(3)) {
            c.gpr[RBP] = narrow.stack(c, targets.stack(c));
        }
    }

    /** Registers that operands imply: string pointers, counts that end. */
    private void operands(TestCase c, Instruction i) {
        for (int n = 0; n < i.operandCount(); n++) {
            if (i.kinds[n] == OperandKind.STRING_SOURCE) {
                c.gpr[RSI] = narrow.offset(c, narrow.segment(c, i), targets.any(c, i.sizes[n], true), i.sizes[n])
                        - base(c, i);
            } else if (i.kinds[n] == OperandKind.STRING_DESTINATION) {
                c.gpr[RDI] = narrow.offset(c, CpuState.ES, targets.any(c, i.sizes[n], true), i.sizes[n]);
            } else if (i.kinds[n] == OperandKind.SEGMENT && n == 0) {
                selectors(c, i);
            }
        }
        if (i.form.mnemonic.startsWith("maskmov") || i.form.mnemonic.startsWith("vmaskmovdq")) {
            c.gpr[RDI] = narrow.offset(c, narrow.segment(c, i), targets.any(c, 16, true), 16) - base(c, i);
        }
        boolean counted =
                i.repeat || i.repeatNot || i.form.mnemonic.startsWith("loop") || i.form.mnemonic.endsWith("cxz");
        if (counted) {
            // More than a few thousand are repeated in parts, which the flags of a comparison that faults can tell.
            c.gpr[1] = random.nextInt(one(8) ? 4000 : 24) | (i.addressSize == 4 && one(3) ? 0x500000000L : 0);
        }
        if (SELECTED.contains(i.form.mnemonic)) {
            selectors(c, i);
        }
    }

    /** Selectors in every register and in the patch: those that both sides' tables hold alike, and some that none holds. */
    private void selectors(TestCase c, Instruction i) {
        MemorySegment patch = MemorySegment.ofArray(c.patch);
        for (int n = 0; n < Layout.PATCH_BYTES; n += 2) {
            patch.set(JAVA_SHORT_UNALIGNED, n, (short) selector());
        }
        for (int r = 0; r < 16; r++) {
            if (r != RSP && (i.isRegisterForm() || r != i.base && r != i.index)) {
                c.gpr[r] = c.gpr[r] & ~0xFFFFL | selector();
            }
        }
        if (i.form.mnemonic.equals("pop")) {
            c.gpr[RSP] = narrow.stack(c, targets.inPatch(c, 8) & ~7L);
        }
    }

    private int selector() {
        return bits == 64 ? SELECTORS[random.nextInt(SELECTORS.length)] : Segments.any(random);
    }

    private long base(TestCase c, Instruction i) {
        return i.segmentPrefix == 4 ? c.fsBase : i.segmentPrefix == 5 ? c.gsBase : 0;
    }

    /** What single instructions need in order to get past their faults. */
    private void habits(TestCase c, Instruction i) {
        String mnemonic = i.form.mnemonic;
        if (DIVISIONS.contains(mnemonic) && one(2)) {
            c.gpr[2] = one(2) ? 0 : c.gpr[0] >> 63;
            c.gpr[0] = i.sizes[0] == 1 ? c.gpr[0] & 0x7FF : c.gpr[0];
        } else if (mnemonic.startsWith("bt") && !one(4) && i.kinds[1] == OperandKind.GENERAL) {
            c.gpr[i.registers[1]] = random.nextInt(1 << 11) - (1 << 10);
        } else if (mnemonic.startsWith("wr") && mnemonic.endsWith("base") && !one(4)) {
            c.gpr[i.registers[0]] = values.integer() << 17 >> 17;
        } else if (mnemonic.startsWith("ret") || mnemonic.startsWith("iret") || mnemonic.startsWith("popf")) {
            returns(c, i);
        } else if (bits != 64 && narrow.isFar(i)) {
            narrow.far(c, i, random.nextInt(Layout.CODE_BYTES + 16));
        } else if (mnemonic.equals("call") || mnemonic.equals("jmp")) {
            jumps(c, i);
        } else if (mnemonic.startsWith("xsave") || mnemonic.startsWith("xrstor")) {
            // The host may have enabled more components than the machine has.
            c.gpr[0] = random.nextInt(8);
            c.gpr[2] = 0;
        } else if (mnemonic.equals("enter")) {
            c.code[i.length - 1] = (byte) random.nextInt(one(4) ? 256 : 3);
        }
    }

    private long target() {
        return one(5) ? values.integer() : Layout.CODE_LINEAR + random.nextInt(Layout.CODE_BYTES + 16);
    }

    private long target(TestCase c) {
        return target() - Segments.of(c.selectors[CpuState.CS]).base();
    }

    private void jumps(TestCase c, Instruction i) {
        if (i.kinds[0] == OperandKind.GENERAL) {
            c.gpr[i.registers[0]] = target(c);
        } else if (i.kinds[0] == OperandKind.MEMORY) {
            MemorySegment patch = MemorySegment.ofArray(c.patch);
            for (int n = 0; n < Layout.PATCH_BYTES; n += 8) {
                patch.set(JAVA_LONG_UNALIGNED, n, target(c));
            }
        }
    }

    /** A frame at the stack pointer that a return may take: RIP, CS, flags, RSP, SS; RIP or flags alone for the shorter ones. */
    private void returns(TestCase c, Instruction i) {
        int size = i.form.mnemonic.equals("ret") && bits == 64 ? 8 : i.operandSize;
        long top = targets.inPatch(c, 64) & (one(8) ? -1L : -8L);
        c.gpr[RSP] = narrow.stack(c, top);
        int at = (int) (top - Layout.DATA_LINEAR - c.patchOffset);
        boolean flagsFirst = i.form.mnemonic.startsWith("popf");
        long flags =
                0x2 | random.nextInt() & 0x244ED5 | (one(16) ? 0x1B0000 & random.nextInt() : 0) | (one(2) ? 0x200 : 0);
        long[] words = {
            flagsFirst ? flags : target(c),
            one(8) ? selector() : narrow.code(c),
            flags,
            values.integer(),
            one(8) ? selector() : Layout.USER_DATA
        };
        MemorySegment patch = MemorySegment.ofArray(c.patch);
        for (int n = 0; n < words.length; n++) {
            int offset = at + n * size;
            if (offset < 0 || offset + 8 > Layout.PATCH_BYTES || one(12)) {
                continue;
            }
            switch (size) {
                case 2 -> patch.set(JAVA_SHORT_UNALIGNED, offset, (short) words[n]);
                case 4 -> patch.set(JAVA_INT_UNALIGNED, offset, (int) words[n]);
                default -> patch.set(JAVA_LONG_UNALIGNED, offset, words[n]);
            }
        }
    }

    /** Makes the memory operand lie at a target, by its base register or its displacement. */
    private void memory(TestCase c, Instruction i) {
        int operand = memoryOperand(i);
        if (operand < 0 || i.form.mnemonic.equals("xlat")) {
            if (operand >= 0) {
                long table = narrow.offset(c, narrow.segment(c, i), targets.any(c, 1, true), 1);
                c.gpr[3] = table - base(c, i) - (c.gpr[0] & 0xFF);
            }
            return;
        }
        boolean register = i.base >= 0 && i.base != Instruction.RIP_BASE && i.kinds[operand] == OperandKind.MEMORY;
        int size = size(i, operand);
        long linear = targets.any(c, size, register && i.addressSize == 8);
        long target = narrow.offset(c, narrow.segment(c, i), linear, size) - base(c, i);
        if (i.kinds[operand] == OperandKind.MEMORY_OFFSET) {
            put(c.code, i.length - i.addressSize, i.addressSize, target);
        } else if (encoder.isPlaced()) {
            place(c, i, target);
        } else if (register) {
            solve(c, i, target);
        }
        if (COMPARES.contains(i.form.mnemonic) && one(2)) {
            equal(c, i, linear);
        }
    }

    private static int memoryOperand(Instruction i) {
        for (int n = 0; n < i.operandCount(); n++) {
            if (i.kinds[n] == OperandKind.MEMORY || i.kinds[n] == OperandKind.MEMORY_OFFSET) {
                return n;
            }
        }
        return -1;
    }

    private static int size(Instruction i, int operand) {
        return i.sizes[operand] != 0 ? i.sizes[operand] : i.form.mnemonic.contains("save") ? 512 : 64;
    }

    private static void put(byte[] code, int at, int size, long value) {
        for (int n = 0; n < size; n++) {
            code[at + n] = (byte) (value >>> 8 * n);
        }
    }

    private long index(TestCase c, Instruction i) {
        if (i.form.has(Form.VSIB)) {
            return lanes(c, i);
        }
        if (i.index < 0 || i.index == 4) {
            return 0;
        }
        if (one(2)) {
            c.gpr[i.index] = one(3) ? -random.nextInt(4096) : random.nextInt(4096);
        }
        return c.gpr[i.index] << i.scale;
    }

    /** Small indices in every lane of the index register. */
    private long lanes(TestCase c, Instruction i) {
        MemorySegment x = MemorySegment.ofArray(c.xsave);
        for (int n = 0; n < 4; n++) {
            long at = (n < 2 ? 160 : 576) + i.index * 16L + (n & 1) * 8;
            long lane = one(20) ? values.integer() : random.nextInt(128);
            boolean dwords = i.form.mnemonic.startsWith("vpgatherd") || i.form.mnemonic.startsWith("vgatherd");
            x.set(JAVA_LONG_UNALIGNED, at, dwords ? lane & 0xFFFFFFFFL | (long) random.nextInt(128) << 32 : lane);
        }
        return 0;
    }

    private void place(TestCase c, Instruction i, long target) {
        long from = i.base == Instruction.RIP_BASE ? c.rip() + i.length : index(c, i);
        long displacement = target - from;
        if (displacement == (int) displacement || i.addressSize < 8) {
            put(c.code, encoder.addressAt(), i.addressSize == 2 ? 2 : 4, displacement);
        }
    }

    private void solve(TestCase c, Instruction i, long target) {
        if (i.index == i.base && i.index != 4 && !i.form.has(Form.VSIB)) {
            long wanted = target - i.displacement;
            long divisor = (1L << i.scale) + 1;
            if (i.base != RSP) {
                c.gpr[i.base] = wanted / divisor;
            }
            return;
        }
        long value = target - i.displacement - index(c, i);
        if (i.addressSize < 8) {
            int width = i.addressSize * 8;
            value = value & (1L << width) - 1 | (one(3) ? random.nextLong() << width : 0);
        }
        if (i.base != RSP || i.addressSize == 8) {
            c.gpr[i.base] = value;
        }
    }

    /** What is compared is equal to what is in memory, if the target lies in the patch. */
    private static void equal(TestCase c, Instruction i, long target) {
        long at = target - Layout.DATA_LINEAR - c.patchOffset;
        int size = i.sizes[0];
        if (at < 0 || at + size > Layout.PATCH_BYTES) {
            return;
        }
        MemorySegment patch = MemorySegment.ofArray(c.patch);
        if (size == 16) {
            patch.set(JAVA_LONG_UNALIGNED, at, c.gpr[0]);
            patch.set(JAVA_LONG_UNALIGNED, at + 8, c.gpr[2]);
        } else if (i.form.mnemonic.equals("cmpxchg8b")) {
            patch.set(JAVA_INT_UNALIGNED, at, (int) c.gpr[0]);
            patch.set(JAVA_INT_UNALIGNED, at + 4, (int) c.gpr[2]);
        } else {
            for (int n = 0; n < size; n++) {
                c.patch[(int) at + n] = (byte) (c.gpr[0] >>> 8 * n);
            }
        }
    }
}
