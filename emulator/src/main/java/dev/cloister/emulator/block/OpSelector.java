package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Conditions;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Chooses the specialised operation of an instruction, where there is one. Stateless but for its table. */
final class OpSelector {
    private static final Map<String, Maker> MAKERS = new HashMap<>();

    /** Makes an operation, or null where this encoding isn't among the specialised ones. */
    @FunctionalInterface
    private interface Maker {
        @Nullable
        Op make(Instruction i, BlockMode mode, int flags);
    }

    static {
        alu(AluOp.ADD, "add");
        alu(AluOp.OR, "or");
        alu(AluOp.ADC, "adc");
        alu(AluOp.SBB, "sbb");
        alu(AluOp.AND, "and");
        alu(AluOp.SUB, "sub");
        alu(AluOp.XOR, "xor");
        alu(AluOp.CMP, "cmp");
        alu(AluOp.TEST, "test");
        alu(AluOp.INC, "inc");
        alu(AluOp.DEC, "dec");
        alu(AluOp.NEG, "neg");
        for (String name : new String[] {"mov", "movabs", "movzx", "movnti"}) {
            MAKERS.put(name, (i, mode, flags) -> move(i, mode, MoveOp.MOVE));
        }
        MAKERS.put("movsx", (i, mode, flags) -> move(i, mode, MoveOp.SIGNED));
        MAKERS.put("movsxd", (i, mode, flags) -> move(i, mode, MoveOp.SIGNED));
        MAKERS.put("lea", OpSelector::address);
        shift(ShiftOp.ROL, "rol");
        shift(ShiftOp.ROR, "ror");
        shift(ShiftOp.SHL, "shl");
        shift(ShiftOp.SHR, "shr");
        shift(ShiftOp.SAR, "sar");
        for (int condition = 0; condition < Conditions.NAMES.length; condition++) {
            condition(condition);
        }
        MAKERS.put("push", OpSelector::push);
        MAKERS.put("pop", OpSelector::pop);
        MAKERS.put("leave", (i, mode, flags) -> stack(StackOp.LEAVE, i.operandSize, mode, new Operands()));
        MAKERS.put("not", (i, mode, flags) -> registers(UnaryOp.NOT, i, mode));
        MAKERS.put("bswap", (i, mode, flags) -> registers(UnaryOp.BSWAP, i, mode));
        MAKERS.put("xchg", (i, mode, flags) -> registers(UnaryOp.EXCHANGE, i, mode));
        for (String name : new String[] {"cbw", "cwde", "cdqe"}) {
            MAKERS.put(name, (i, mode, flags) -> accumulator(UnaryOp.WIDEN, i));
        }
        for (String name : new String[] {"cwd", "cdq", "cqo"}) {
            MAKERS.put(name, (i, mode, flags) -> accumulator(UnaryOp.SPREAD, i));
        }
        MAKERS.put("imul", OpSelector::multiply);
        string(StringOp.MOVS, "movs");
        string(StringOp.STOS, "stos");
        string(StringOp.LODS, "lods");
        string(StringOp.CMPS, "cmps");
        string(StringOp.SCAS, "scas");
    }

    private OpSelector() {}

    /**
     * The specialised operation.
     *
     * @param extra {@link Shape#FLAGS_DEAD}, or {@link Shape#JUMPS} with a condition
     */
    static @Nullable Op select(Instruction i, BlockMode mode, int extra) {
        Maker maker = MAKERS.get(i.form.mnemonic);
        return maker == null || i.lock ? null : maker.make(i, mode, extra);
    }

    private static void alu(int kind, String name) {
        MAKERS.put(name, (i, mode, flags) -> {
            Operands o = new Operands();
            int shape = kind | flags | Shape.ofSize(i.sizes[0]) | destination(o, i, 0, mode);
            if (i.operandCount == 1) {
                o.immediate = 1;
                shape |= Shape.ofSrc(Shape.IMMEDIATE);
            } else {
                shape |= source(o, i, 1, mode);
                o.immediate &= Shape.mask(i.sizes[0]);
            }
            return make(AluOp.class, o, shape);
        });
    }

    private static void shift(int kind, String name) {
        MAKERS.put(name, (i, mode, flags) -> {
            Operands o = new Operands();
            int shape = kind | flags | Shape.ofSize(i.sizes[0]) | destination(o, i, 0, mode);
            switch (i.kinds[1]) {
                case IMMEDIATE -> o.immediate = i.immediate;
                case ONE -> o.immediate = 1;
                default -> {
                    return make(ShiftOp.class, o, shape | Shape.ofSrc(Shape.REGISTER));
                }
            }
            return make(ShiftOp.class, o, shape | Shape.ofSrc(Shape.IMMEDIATE));
        });
    }

    private static void condition(int condition) {
        MAKERS.put("cmov" + Conditions.NAMES[condition], (i, mode, flags) -> {
            Operands o = new Operands();
            int shape = ConditionOp.MOVE | Shape.ofCondition(condition) | Shape.ofSize(i.sizes[0]);
            return make(ConditionOp.class, o, shape | destination(o, i, 0, mode) | source(o, i, 1, mode));
        });
        MAKERS.put("set" + Conditions.NAMES[condition], (i, mode, flags) -> {
            Operands o = new Operands();
            int shape = ConditionOp.SET | Shape.ofCondition(condition);
            return make(ConditionOp.class, o, shape | destination(o, i, 0, mode));
        });
    }

    private static @Nullable Op move(Instruction i, BlockMode mode, int kind) {
        Operands o = new Operands();
        int shape = kind | Shape.ofSize(i.sizes[0]) | Shape.ofFrom(Math.min(i.sizes[1], i.sizes[0]));
        shape |= destination(o, i, 0, mode);
        shape |= source(o, i, 1, mode);
        o.immediate &= Shape.mask(i.sizes[0]);
        return make(MoveOp.class, o, shape);
    }

    private static @Nullable Op address(Instruction i, BlockMode mode, int flags) {
        Operands o = new Operands();
        int shape = MoveOp.ADDRESS | Shape.ofSize(i.sizes[0]) | destination(o, i, 0, mode);
        return make(MoveOp.class, o, shape | memory(o, i, 1, mode));
    }

    private static @Nullable Op push(Instruction i, BlockMode mode, int flags) {
        Operands o = new Operands();
        o.shape = source(o, i, 0, mode);
        o.immediate &= Shape.mask(i.operandSize);
        boolean whole = i.kinds[0] != OperandKind.MEMORY || i.sizes[0] == i.operandSize;
        return whole ? stack(StackOp.PUSH, i.operandSize, mode, o) : null;
    }

    private static @Nullable Op pop(Instruction i, BlockMode mode, int flags) {
        Operands o = new Operands();
        o.dst = i.registers[0];
        return i.kinds[0] == OperandKind.GENERAL ? stack(StackOp.POP, i.operandSize, mode, o) : null;
    }

    /** An operation on the stack; the operands' shape holds what is known of the source. */
    static @Nullable Op stack(int kind, int size, BlockMode mode, Operands o) {
        if (o.shape < 0) {
            return null;
        }
        int form = mode.long64 ? Shape.FLAT_64 : mode.flat && mode.stackWidth == 4 ? Shape.FLAT_32 : Shape.CHECKED;
        return make(StackOp.class, o, o.shape | kind | Shape.ofSize(size) | Shape.ofStack(form));
    }

    private static @Nullable Op registers(int kind, Instruction i, BlockMode mode) {
        Operands o = new Operands();
        int shape = kind | Shape.ofSize(i.sizes[0]) | destination(o, i, 0, mode);
        if (i.operandCount == 2) {
            shape |= source(o, i, 1, mode);
        }
        boolean memory = Shape.dst(shape) == Shape.MEMORY || Shape.src(shape) == Shape.MEMORY;
        boolean odd = kind == UnaryOp.BSWAP && i.sizes[0] == 2;
        return memory || odd ? null : make(UnaryOp.class, o, shape);
    }

    private static @Nullable Op accumulator(int kind, Instruction i) {
        return make(UnaryOp.class, new Operands(), kind | Shape.ofSize(i.operandSize));
    }

    private static @Nullable Op multiply(Instruction i, BlockMode mode, int flags) {
        if (i.operandCount == 1) {
            return null;
        }
        Operands o = new Operands();
        int shape = Shape.ofSize(i.sizes[0]) | source(o, i, 1, mode) | i.operandCount - 2;
        o.dst = i.registers[0];
        o.immediate = i.immediate;
        return make(MultiplyOp.class, o, shape);
    }

    private static void string(int kind, String name) {
        MAKERS.put(name, (i, mode, flags) -> {
            Operands o = new Operands();
            o.displacement = i.address;
            o.segment = i.segmentPrefix >= 0 ? i.segmentPrefix : CpuState.DS;
            int repeat = i.repeatNot ? StringOp.REPEAT_UNEQUAL : i.repeat ? StringOp.REPEAT : StringOp.ONCE;
            int shape = kind | Shape.ofSize(i.sizes[0]) | Shape.ofWidth(i.addressSize) | Shape.ofCondition(repeat);
            shape |= Shape.ofSegmentation(segmentation(o.segment, mode));
            return make(StringOp.class, o, shape | Shape.ofStack(segmentation(CpuState.ES, mode)));
        });
    }

    private static @Nullable Op make(Class<? extends Op> template, Operands o, int shape) {
        if (shape < 0) {
            return null;
        }
        o.shape = shape;
        return Templates.make(template, o);
    }

    private static int destination(Operands o, Instruction i, int n, BlockMode mode) {
        o.dst = i.registers[n];
        return switch (i.kinds[n]) {
            case GENERAL -> Shape.ofDst(Shape.REGISTER);
            case GENERAL_HIGH -> Shape.ofDst(Shape.HIGH);
            case MEMORY, MEMORY_OFFSET -> Shape.ofDst(Shape.MEMORY) | memory(o, i, n, mode);
            default -> -1;
        };
    }

    /** The bits of a source's place, and a memory operand's; -1 where it can't be specialised. */
    static int source(Operands o, Instruction i, int n, BlockMode mode) {
        o.src = i.registers[n];
        return switch (i.kinds[n]) {
            case GENERAL -> Shape.ofSrc(Shape.REGISTER);
            case GENERAL_HIGH -> Shape.ofSrc(Shape.HIGH);
            case MEMORY, MEMORY_OFFSET -> Shape.ofSrc(Shape.MEMORY) | memory(o, i, n, mode);
            case IMMEDIATE -> {
                o.immediate = i.immediate;
                yield Shape.ofSrc(Shape.IMMEDIATE);
            }
            default -> -1;
        };
    }

    private static int memory(Operands o, Instruction i, int n, BlockMode mode) {
        o.displacement = i.displacement;
        o.scale = i.scale;
        int shape = Shape.ofWidth(i.addressSize);
        if (i.base == Instruction.RIP_BASE) {
            o.displacement += i.address + i.length;
        } else if (i.base >= 0) {
            o.base = i.base;
            shape |= Shape.BASE;
        }
        // A SIB index of 4 without REX.X means none; 16-bit addressing has its own table.
        if (i.index >= 0 && (i.index != 4 || i.addressSize == 2)) {
            o.index = i.index;
            shape |= Shape.INDEX;
        }
        o.segment = segment(i, n);
        return shape | Shape.ofSegmentation(segmentation(o.segment, mode));
    }

    private static int segment(Instruction i, int n) {
        if (i.segmentPrefix >= 0) {
            return i.segmentPrefix;
        }
        boolean stack = i.kinds[n] == OperandKind.MEMORY && (i.base == CpuState.RSP || i.base == CpuState.RBP);
        return stack ? CpuState.SS : CpuState.DS;
    }

    private static int segmentation(int segment, BlockMode mode) {
        if (mode.long64) {
            return segment >= CpuState.FS ? Shape.BASED : Shape.FLAT_64;
        }
        boolean flat = mode.flat && segment != CpuState.CS && segment < CpuState.FS;
        return flat ? Shape.FLAT_32 : Shape.CHECKED;
    }
}
