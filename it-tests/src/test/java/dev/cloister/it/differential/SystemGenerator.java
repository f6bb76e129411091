package dev.cloister.it.differential;

import static dev.cloister.it.differential.SystemPlace.CODE;
import static dev.cloister.it.differential.SystemPlace.WORLD;

import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import java.util.Random;
import java.util.Set;

/** Makes cases of the test kernel: a form, a mode, registers and a world in which it does something more often than it faults. */
final class SystemGenerator {
    private static final int RSP = 4;
    private static final Set<String> FRAMES = Set.of("iret", "iretw", "retf", "popf", "popfw", "ret");
    private static final Set<String> SEGMENTED = Set.of(
            "call", "jmp", "ret", "retf", "iret", "iretw", "enter", "leave", "xlat", "movs", "cmps", "scas", "lods",
            "stos", "ins", "outs");

    private static final Set<String> TABLES = Set.of("lgdt", "lidt");

    private final Random random;
    private final SystemWorld world;
    private final Encoder encoder;
    private final Values values;
    private final Instruction i = new Instruction();

    SystemGenerator(Random random) {
        this.random = random;
        world = new SystemWorld(random);
        encoder = new Encoder(random);
        values = new Values(random);
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    private int pick(int... of) {
        return of[random.nextInt(of.length)];
    }

    /** Makes a case of the form in a mode; null where it can't be encoded. */
    SystemCase generate(Site site, SystemMode mode) {
        byte[] code = encoder.encode(site, mode.bits, i);
        for (int n = 0; n < 20 && code != null && i.lock; n++) {
            code = encoder.encode(site, mode.bits, i);
        }
        if (code == null || i.lock) {
            return null;
        }
        SystemCase c = new SystemCase();
        c.bits = mode.bits;
        c.code = code;
        c.codeOffset = 0xA0 + 2 * random.nextInt(32);
        c.set(0, mode.kind);
        world.fill(c);
        registers(c);
        mode.enter(c, random, i.addressSize == 2);
        operands(c);
        memory(c);
        c.place();
        return c;
    }

    private void registers(SystemCase c) {
        for (int r = 0; r < 8; r++) {
            c.setGpr(r, (int) values.integer());
        }
        int flags =
                2 | random.nextInt() & 0x8D5 | random.nextInt(4) << 12 | (one(3) ? 0x200 : 0) | (one(8) ? 0x400 : 0);
        flags |= one(8) ? 0x4000 : 0;
        c.set(SystemPlace.FLAGS, flags);
        c.set(SystemPlace.CR4, random.nextInt(4));
    }

    private void operands(SystemCase c) {
        String mnemonic = i.form.mnemonic;
        for (int n = 0; n < i.operandCount(); n++) {
            switch (i.kinds[n]) {
                case SEGMENT -> selectors(c);
                case CONTROL -> control(c, i.registers[0], i.registers[1]);
                case STRING_SOURCE -> c.setGpr(6, offset(c, segment(c, SystemPlace.DS)));
                case STRING_DESTINATION -> c.setGpr(7, offset(c, c.get(SystemPlace.ES)));
                case RELATIVE -> jump(c);
                case DEBUG -> {
                    // Breakpoints would end the kernel, not the case.
                    c.setGpr(i.registers[1], c.gpr(i.registers[1]) & ~0x20FF);
                    c.setGpr(i.registers[0] & 7, c.gpr(i.registers[0] & 7) & ~0x20FF);
                }
                default -> {}
            }
        }
        c.isSegmented |= SEGMENTED.contains(mnemonic) || mnemonic.startsWith("loop") || mnemonic.endsWith("cxz");
        if (mnemonic.equals("call") || mnemonic.equals("jmp")) {
            for (int r = 0; r < 8; r++) {
                c.setGpr(r, target(c));
            }
        }
        if (mnemonic.matches("l?ar|lsl|ver[rw]|lldt|ltr|arpl|l[defgs]s") || one(12)) {
            selectors(c);
        }
        if (i.repeat || i.repeatNot || mnemonic.startsWith("loop") || mnemonic.endsWith("cxz")) {
            c.setGpr(1, random.nextInt(20) | (i.addressSize == 2 ? random.nextInt() << 16 : 0));
        }
        if ((mnemonic.equals("in") || mnemonic.equals("out")) && i.kinds[1] == OperandKind.IMMEDIATE
                || mnemonic.equals("out") && i.kinds[0] == OperandKind.IMMEDIATE) {
            c.code[i.length - 1] = (byte) (0xE0 + random.nextInt(12));
        } else if (mnemonic.startsWith("in") || mnemonic.startsWith("out")) {
            c.setGpr(2, random.nextInt() << 16 | 0x300 + random.nextInt(64));
        }
        if (mnemonic.equals("leave") || mnemonic.equals("enter")) {
            c.setGpr(5, c.get(SystemPlace.FRAME + 12) - 8 * random.nextInt(8));
        } else if (mnemonic.equals("xlat")) {
            c.setGpr(3, offset(c, segment(c, SystemPlace.DS)) - 0x80);
        }
        if (FRAMES.contains(mnemonic) || mnemonic.equals("pop")) {
            frame(c);
        }
        if (mnemonic.equals("enter")) {
            c.code[i.length - 1] = (byte) random.nextInt(one(4) ? 64 : 3);
        } else if (mnemonic.equals("int")) {
            c.code[i.length - 1] = (byte) random.nextInt(one(8) ? 256 : 64);
        } else if (i.kinds[0] == OperandKind.FAR_POINTER) {
            pointer(c);
        } else if (mnemonic.equals("rdmsr") || mnemonic.equals("wrmsr")) {
            // Known ones would stay as the case leaves them.
            c.setGpr(1, mnemonic.equals("rdmsr") ? pick(0x174, 0x175, 0x176) : pick(0x12345678, 0x40000100));
        }
    }

    private int segment(SystemCase c, int place) {
        return i.segmentPrefix >= 0 ? SystemMode.selector(c, i.segmentPrefix) : c.get(place);
    }

    private int landing() {
        return SystemPlace.LANDING + 2 * random.nextInt(0x70);
    }

    /** An offset in CS within the case's code, mostly. */
    private int target(SystemCase c) {
        return c.get(SystemPlace.FRAME) - c.codeOffset + landing() + (one(16) ? 0x10000 : 0);
    }

    private void jump(SystemCase c) {
        int size =
                i.form.mnemonic.equals("jmp") || i.form.mnemonic.equals("call") ? i.length - Encoder.opcodeEnd(i) : 1;
        if (size > 1) {
            put(c, i.length - size, size, target(c) - c.get(SystemPlace.FRAME) - i.length);
        } else {
            c.code[i.length - 1] = (byte) (SystemPlace.LANDING - c.codeOffset - i.length + 2 * random.nextInt(12));
        }
    }

    private void selectors(SystemCase c) {
        for (int r = 0; r < 8; r++) {
            c.setGpr(r, one(2) ? c.gpr(r) & 0xFFFF0000 | world.selector() : c.gpr(r));
        }
        for (int n = SystemPlace.DATA; n < SystemPlace.DATA + SystemPlace.DATA_BYTES; n += 2) {
            c.pokeShort(n, world.selector());
        }
    }

    /** CR0 keeps PE as it is and PG clear: the kernel pages nothing. */
    private void control(SystemCase c, int control, int source) {
        if (i.kinds[0] != OperandKind.CONTROL || source == RSP) {
            return;
        }
        int protect = c.get(0) == SystemPlace.KIND_REAL ? 0 : 1;
        int value = switch (control) {
            case 0 ->
                protect
                        | pick(
                                0x10,
                                0x30,
                                0x3E,
                                0x10010,
                                0x40000010,
                                0x60000010,
                                0x20000010,
                                0x0003FF80,
                                0x5005002E & ~1);
            case 4 ->
                pick(0, 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x6FF, 0x8000, 0x80000000, 0x01000000);
            default -> (int) values.integer();
        };
        c.setGpr(source, value);
    }

    private int data() {
        return SystemPlace.DATA + random.nextInt(SystemPlace.DATA_BYTES - 128);
    }

    /** An offset in the segment that reaches the world's data. */
    private int offset(SystemCase c, int selector) {
        return WORLD + data() - SystemMode.base(c, selector);
    }

    /** Offset and selector, in the instruction. */
    private void pointer(SystemCase c) {
        int target = WORLD + CODE + landing();
        boolean segmented = c.get(0) == SystemPlace.KIND_REAL || c.get(0) == SystemPlace.KIND_VIRTUAL;
        int selector = segmented ? pick(0x1000, 0x10C0, 0xF00) : world.selector();
        int offset = target - (segmented ? selector << 4 : (selector & ~3) == SystemPlace.CODE_16 ? WORLD : 0);
        for (int n = 0; n < i.operandSize; n++) {
            c.code[i.length - 2 - i.operandSize + n] = (byte) (offset >>> 8 * n);
        }
        c.code[i.length - 2] = (byte) selector;
        c.code[i.length - 1] = (byte) (selector >> 8);
    }

    /** EIP, CS, flags, ESP, SS and four data segments at the top of the stack. */
    private void frame(SystemCase c) {
        int size = i.operandSize;
        boolean segmented = c.get(0) == SystemPlace.KIND_REAL || c.get(0) == SystemPlace.KIND_VIRTUAL;
        boolean virtual = !segmented && size == 4 && one(6);
        int top = SystemMode.base(c, c.get(SystemPlace.FRAME + 16)) + (c.get(SystemPlace.FRAME + 12) & mask(c)) - WORLD;
        if (top < SystemPlace.DATA || top > SystemPlace.CODE - 64) {
            return;
        }
        boolean real = segmented || virtual;
        boolean popped = i.form.mnemonic.startsWith("popf");
        int cs = real ? 0x1000 : one(3) ? world.selector() : c.get(SystemPlace.FRAME + 4);
        if (!real && one(4)) {
            cs = pick(SystemPlace.USER_CODE_32, SystemPlace.USER_CODE_16, 0x89, 0x9A);
        }
        boolean based = real || (cs & ~3) == SystemPlace.CODE_16 || (cs & ~3) == (SystemPlace.USER_CODE_16 & ~3);
        int eip = CODE + landing() + (based ? 0 : WORLD);
        int flags = 2 | random.nextInt() & 0x244ED5 | random.nextInt(4) << 12 | (one(3) ? 0x200 : 0);
        flags = virtual ? flags | 0x20000 : flags & ~0x20000;
        int matching = switch (cs & 3) {
            case 1 -> 0x91;
            case 2 -> 0xA2;
            default -> pick(SystemPlace.USER_DATA_32, SystemPlace.USER_DATA_16);
        };
        int ss = real ? 0x1000 : one(6) ? world.selector() : matching;
        int[] words = i.form.mnemonic.equals("pop")
                ? new int[] {world.selector(), world.selector()}
                : popped
                        ? new int[] {flags}
                        : i.form.mnemonic.equals("retf")
                                ? new int[] {eip, cs, WORLD + SystemPlace.STACK + 0x100, ss, 0}
                                : new int[] {
                                    eip, cs, flags, SystemPlace.STACK + 0x100, ss, 0x1000, 0x1000, 0x1000, 0x1000
                                };
        for (int n = 0; n < words.length; n++) {
            if (size == 2) {
                c.pokeShort(top + 2 * n, words[n]);
            } else {
                c.poke(top + 4 * n, words[n]);
            }
        }
    }

    private static int mask(SystemCase c) {
        return SystemMode.isBig(c, c.get(SystemPlace.FRAME + 16)) ? -1 : 0xFFFF;
    }

    /** Makes the memory operand lie in the world's data. */
    private void memory(SystemCase c) {
        int operand = -1;
        for (int n = 0; n < i.operandCount(); n++) {
            operand = i.kinds[n] == OperandKind.MEMORY || i.kinds[n] == OperandKind.MEMORY_OFFSET ? n : operand;
        }
        if (operand < 0) {
            return;
        }
        c.isSegmented = true;
        int target = data();
        contents(c, target);
        boolean stack = i.hasModrm && (i.base == RSP || i.base == 5);
        int segment = i.segmentPrefix >= 0
                ? SystemMode.selector(c, i.segmentPrefix)
                : c.get(stack ? SystemPlace.FRAME + 16 : SystemPlace.DS);
        int offset = WORLD + target - SystemMode.base(c, segment);
        if (i.kinds[operand] == OperandKind.MEMORY_OFFSET) {
            put(c, i.length - i.addressSize, i.addressSize, offset);
            return;
        }
        int index = i.index < 0 || i.index == RSP ? 0 : c.gpr(i.index) << i.scale;
        if (encoder.isPlaced()) {
            put(c, encoder.addressAt(), i.addressSize, offset - index);
        } else if (i.base >= 0 && i.base != RSP && i.base != i.index && !i.form.has(Form.VSIB)) {
            int value = offset - index - (int) i.displacement;
            c.setGpr(i.base, i.addressSize == 2 ? value & 0xFFFF | c.gpr(i.base) & 0xFFFF0000 : value);
        }
    }

    private static void put(SystemCase c, int at, int size, int value) {
        for (int n = 0; n < size && n < 4; n++) {
            c.code[at + n] = (byte) (value >>> 8 * n);
        }
    }

    /** What certain instructions find in memory. */
    private void contents(SystemCase c, int target) {
        String mnemonic = i.form.mnemonic;
        if (TABLES.contains(mnemonic)) {
            boolean gdt = mnemonic.equals("lgdt");
            boolean real = c.get(0) == SystemPlace.KIND_REAL;
            int base = gdt ? WORLD : real ? 0 : SystemPlace.IDT;
            c.poke(target, (gdt ? 0x180 + random.nextInt(64) : 0x1FF + random.nextInt(0x300)) | base << 16);
            c.pokeShort(target + 4, base >> 16 | (i.operandSize == 2 ? random.nextInt(256) << 8 : 0));
        } else if (mnemonic.equals("call") || mnemonic.equals("jmp") || mnemonic.matches("l[defgs]s")) {
            boolean segmented = c.get(0) == SystemPlace.KIND_REAL || c.get(0) == SystemPlace.KIND_VIRTUAL;
            int selector = segmented ? pick(0x1000, 0x10C0, 0xF00) : world.selector();
            int based = segmented ? selector << 4 : (selector & ~3) == SystemPlace.CODE_16 ? WORLD : 0;
            int offset = WORLD + CODE + landing() - based;
            if (i.operandSize == 2) {
                c.pokeShort(target, offset);
                c.pokeShort(target + 2, selector);
            } else {
                c.poke(target, offset);
                c.pokeShort(target + 4, selector);
            }
        }
    }
}
