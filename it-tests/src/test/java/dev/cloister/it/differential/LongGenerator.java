package dev.cloister.it.differential;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;

/** Makes cases of IA-32e mode: a form, a mode, registers and a world in which it does something more often than it faults. */
final class LongGenerator {
    private static final int RSP = CpuState.RSP;
    private static final Set<String> FRAMES =
            Set.of("iret", "iretw", "iretq", "retf", "popf", "popfw", "popfq", "ret", "pop");

    private final Random random;
    private final LongWorld world;
    private final LongValues special;
    private final Encoder encoder;
    private final Values values;
    private final Instruction i = new Instruction();

    LongGenerator(Random random) {
        this.random = random;
        world = new LongWorld(random);
        special = new LongValues(random);
        encoder = new Encoder(random);
        values = new Values(random);
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    /** Makes a case of the form in a mode; null where it can't be encoded. */
    SystemCase generate(Site site, LongMode mode) {
        byte[] code = encoder.encode(site, mode.bits, i);
        for (int n = 0; n < 20 && code != null && isUnwanted(); n++) {
            code = encoder.encode(site, mode.bits, i);
        }
        if (code == null || isUnwanted()) {
            return null;
        }
        LongCase c = new LongCase();
        c.bits = mode.bits;
        c.code = code;
        c.codeOffset = 0xA0 + 2 * random.nextInt(16);
        world.fill(c);
        mode.enter(c, random);
        for (int r = 0; r < 16; r++) {
            c.setWide(r, r < 8 || c.bits == 64 ? values.integer() : 0);
        }
        operands(c);
        memory(c);
        particular(c, i.form.mnemonic);
        c.place();
        return c;
    }

    /** LOCK, and 16-bit addresses, with which nothing but the kernel's memory is in reach. */
    private boolean isUnwanted() {
        return i.lock || i.addressSize == 2;
    }

    private void operands(LongCase c) {
        String mnemonic = i.form.mnemonic;
        for (int n = 0; n < i.operandCount(); n++) {
            switch (i.kinds[n]) {
                case SEGMENT -> selectors(c);
                case CONTROL -> control(c);
                case STRING_SOURCE -> c.setWide(CpuState.RSI, linear(c));
                case STRING_DESTINATION -> c.setWide(CpuState.RDI, linear(c));
                case RELATIVE -> jump(c);
                case DEBUG -> debug(c);
                default -> {}
            }
        }
        if (mnemonic.equals("call") || mnemonic.equals("jmp")) {
            for (int r = 0; r < 16; r++) {
                c.setWide(r, one(6) ? strange(c) : target(c));
            }
        }
        if (mnemonic.matches("l?ar|lsl|ver[rw]|lldt|ltr|arpl|l[defgs]s")) {
            selectors(c);
        }
        if (FRAMES.contains(mnemonic)) {
            frame(c, mnemonic);
        }
        if (i.repeat || i.repeatNot) {
            c.setWide(CpuState.RCX, random.nextInt(20));
        }
    }

    /** What single instructions take from registers, and what follows them. */
    private void particular(LongCase c, String mnemonic) {
        switch (mnemonic) {
            case "rdmsr", "wrmsr" -> {
                c.setWide(CpuState.RCX, special.msr());
                pair(c, mnemonic.equals("wrmsr") ? special.msrValue((int) c.wide(CpuState.RCX)) : 0);
                // What was written is read again.
                append(c, mnemonic.equals("wrmsr") ? new byte[] {0x0F, 0x32} : new byte[0]);
            }
            case "xsetbv", "xgetbv" -> {
                c.setWide(CpuState.RCX, random.nextInt(8) == 0 ? random.nextInt(3) : 0);
                pair(c, special.components());
            }
            case "rdpkru", "wrpkru" -> {
                c.setWide(CpuState.RCX, one(6) ? 1 : 0);
                c.setWide(CpuState.RDX, one(6) ? 1 : 0);
                c.setWide(CpuState.RAX, 0);
            }
            case "wrfsbase", "wrgsbase" -> c.setWide(i.registers[0], strange(c));
            case "swapgs" -> append(c, new byte[] {0x0F, 0x01, (byte) 0xF8, 0x65, 0x48, (byte) 0x8B, 0x00});
            case "sysretq", "sysretd", "sysexitd", "sysexitq" -> {
                boolean exit = mnemonic.startsWith("sysexit");
                long to = one(5) ? strange(c) : LongPlace.USER_WORLD + SystemPlace.CODE + landing();
                long stack = LongPlace.USER_WORLD + SystemPlace.STACK + 0x80;
                c.setWide(CpuState.RCX, exit ? one(5) ? strange(c) : stack : to);
                c.setWide(CpuState.RDX, exit ? to : c.wide(CpuState.RDX));
                c.setWide(11, flags());
            }
            case "in", "out", "ins", "outs" -> {
                if (i.kinds[0] == OperandKind.IMMEDIATE || i.kinds[1] == OperandKind.IMMEDIATE) {
                    c.code[i.length - 1] = (byte) (0xE0 + random.nextInt(12));
                } else {
                    c.setWide(CpuState.RDX, 0x300 + random.nextInt(64));
                }
            }
            default -> more(c, mnemonic);
        }
    }

    private void more(LongCase c, String mnemonic) {
        switch (mnemonic) {
            case "enter" -> {
                c.setWide(CpuState.RBP, c.wide(RSP) - 8 * random.nextInt(8));
                c.code[i.length - 1] = (byte) random.nextInt(one(4) ? 64 : 3);
            }
            case "leave" -> c.setWide(CpuState.RBP, one(6) ? strange(c) : c.wide(RSP) - 8 * random.nextInt(8));
            case "int" -> c.code[i.length - 1] = (byte) random.nextInt(one(8) ? 256 : 64);
            case "invpcid" -> c.setWide(i.registers[0], random.nextInt(one(4) ? 16 : 4));
            case "push", "call" -> {
                if (one(8) && c.bits == 64) {
                    c.setLong(LongPlace.FRAME + 24, strange(c));
                }
            }
            default -> {
                if (i.kinds[0] == OperandKind.FAR_POINTER) {
                    pointer(c);
                }
            }
        }
    }

    private long strange(LongCase c) {
        c.isStrange = true;
        return special.address();
    }

    private void append(LongCase c, byte[] more) {
        c.code = Arrays.copyOf(c.code, c.code.length + more.length);
        System.arraycopy(more, 0, c.code, c.code.length - more.length, more.length);
    }

    private void pair(LongCase c, long value) {
        c.setWide(CpuState.RAX, value & 0xFFFFFFFFL);
        c.setWide(CpuState.RDX, value >>> 32);
    }

    private int flags() {
        return 2 | random.nextInt() & 0x244ED5 | random.nextInt(4) << 12 | (one(3) ? 0x200 : 0);
    }

    private void control(LongCase c) {
        if (i.kinds[0] == OperandKind.CONTROL && i.registers[1] != RSP) {
            c.setWide(i.registers[1], special.control(i.registers[0], c.getLong(LongPlace.CR4)));
        }
    }

    /** Breakpoints would end the kernel, not the case. */
    private void debug(LongCase c) {
        for (int n = 0; n < 2; n++) {
            int r = i.registers[n] & 15;
            long upper = one(8) ? 1L << 32 + random.nextInt(32) : 0;
            c.setWide(r, c.wide(r) & 0xFFFFDF00L | upper);
        }
    }

    private int landing() {
        return SystemPlace.LANDING + 2 * random.nextInt(0x70);
    }

    private long target(LongCase c) {
        return c.base + SystemPlace.CODE + landing();
    }

    private void jump(LongCase c) {
        boolean near = i.form.mnemonic.equals("jmp") || i.form.mnemonic.equals("call");
        int size = near ? i.length - Encoder.opcodeEnd(i) : 1;
        long distance = target(c) - c.getLong(LongPlace.FRAME) - i.length;
        if (size > 1) {
            put(c, i.length - size, size, distance);
        } else {
            c.code[i.length - 1] = (byte) (SystemPlace.LANDING - c.codeOffset - i.length + 2 * random.nextInt(12));
        }
    }

    private void selectors(LongCase c) {
        for (int r = 0; r < 16; r++) {
            c.setWide(r, one(2) ? c.wide(r) & ~0xFFFFL | world.selector() : c.wide(r));
        }
        for (int n = SystemPlace.DATA; n < SystemPlace.DATA + SystemPlace.DATA_BYTES; n += 2) {
            c.pokeShort(n, world.selector());
        }
    }

    private int data() {
        return SystemPlace.DATA + random.nextInt(SystemPlace.DATA_BYTES - 128);
    }

    /** An address of the world's data: as the mode reaches it, or through a page with other rights, or none. */
    private long linear(LongCase c) {
        int in = random.nextInt(10);
        if (in == 0 && c.bits == 64) {
            return strange(c);
        }
        return in < 5
                ? LongPlace.WINDOW + 4096L * random.nextInt(LongPlace.WINDOW_RIGHTS.length) + data()
                : c.base + data();
    }

    private void pointer(LongCase c) {
        int selector = world.selector();
        put(c, i.length - 2 - i.operandSize, i.operandSize, target(c));
        put(c, i.length - 2, 2, selector);
    }

    /** RIP, CS, flags, RSP, SS at the top of the stack. */
    private void frame(LongCase c, String mnemonic) {
        int size = i.operandSize;
        int top = (int) (c.wide(RSP) - c.base);
        int cs = one(3) ? world.selector() : one(2) ? (int) c.getLong(LongPlace.FRAME + 8) : special.code();
        int ss = one(4) ? world.selector() : (cs & 3) == 3 ? LongPlace.USER_DATA : one(3) ? 0 : LongPlace.DATA_32;
        long base = (cs & 3) == 3 ? LongPlace.USER_WORLD : c.base;
        long rip = one(8) ? strange(c) : base + SystemPlace.CODE + landing();
        long rsp = one(8) ? strange(c) : base + SystemPlace.STACK + 0x80;
        long[] words = switch (mnemonic) {
            case "pop" -> new long[] {world.selector(), world.selector()};
            case "popf", "popfw", "popfq" -> new long[] {flags()};
            case "ret" -> new long[] {rip};
            case "retf" -> new long[] {rip, cs, rsp, ss};
            default -> new long[] {rip, cs, flags(), rsp, ss};
        };
        for (int n = 0; n < words.length; n++) {
            for (int b = 0; b < size; b++) {
                c.world[top + size * n + b] = (byte) (words[n] >>> 8 * b);
            }
        }
    }

    /** Makes the memory operand lie where something is. */
    private void memory(LongCase c) {
        int operand = -1;
        for (int n = 0; n < i.operandCount(); n++) {
            operand = i.kinds[n] == OperandKind.MEMORY || i.kinds[n] == OperandKind.MEMORY_OFFSET ? n : operand;
        }
        if (operand < 0) {
            return;
        }
        c.isSegmented = true;
        long linear = linear(c);
        contents(c, (int) linear & 0xFFF);
        long target = linear - base(c);
        if (i.kinds[operand] == OperandKind.MEMORY_OFFSET) {
            put(c, i.length - i.addressSize, i.addressSize, target);
            return;
        }
        long index = i.index < 0 || i.index == RSP ? 0 : c.wide(i.index) << i.scale;
        if (encoder.isPlaced()) {
            long origin = i.base == Instruction.RIP_BASE ? c.getLong(LongPlace.FRAME) + i.length : index;
            put(c, encoder.addressAt(), 4, target - origin);
        } else if (i.base >= 0 && i.base < 16 && i.base != RSP && i.base != i.index) {
            c.setWide(i.base, target - index - i.displacement);
        }
    }

    private long base(LongCase c) {
        return c.bits != 64
                ? 0
                : i.segmentPrefix == CpuState.FS
                        ? c.getLong(LongPlace.FS_BASE)
                        : i.segmentPrefix == CpuState.GS ? c.getLong(LongPlace.GS_BASE) : 0;
    }

    private static void put(LongCase c, int at, int size, long value) {
        for (int n = 0; n < size && n < 8; n++) {
            c.code[at + n] = (byte) (value >>> 8 * n);
        }
    }

    /** What certain instructions find in memory. */
    private void contents(LongCase c, int target) {
        if (target > SystemPlace.CODE) {
            return;
        }
        switch (i.form.mnemonic) {
            case "lgdt", "lidt" -> {
                boolean gdt = i.form.mnemonic.equals("lgdt");
                c.pokeShort(target, gdt ? 0x180 + random.nextInt(64) : 0x3FF + random.nextInt(0x300));
                // Without its IDT QEMU would end.
                c.pokeLong(
                        target + 2,
                        gdt ? SystemPlace.WORLD | (one(8) ? strange(c) & 0x800000000000L : 0) : SystemPlace.IDT);
            }
            case "invpcid" -> {
                c.pokeLong(target, one(3) ? random.nextInt() : 0);
                c.pokeLong(target + 8, one(3) ? strange(c) : c.base);
            }
            case "call", "jmp", "lds", "les", "lss", "lfs", "lgs" -> {
                long offset = one(8) ? strange(c) : target(c);
                c.pokeLong(target, offset);
                c.pokeShort(target + i.operandSize, one(3) ? special.code() : world.selector());
            }
            default -> {}
        }
    }
}
