package dev.cloister.it.bench.translate;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.memory.TlbMemory;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A region as one method of a hidden class: general registers in local variables, flags as the operands they came from, a label for each
 * block. It knows the instructions of the hot mix and refuses others.
 */
final class BytecodeTranslator {
    private static final ClassDesc SELF = ClassDesc.of(BytecodeTranslator.class.getPackageName() + ".Translated");
    private static final ClassDesc REGION =
            CompiledRegion.class.describeConstable().orElseThrow();
    private static final ClassDesc MEMORY = TlbMemory.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc RUN = MethodTypeDesc.of(CD_long, CD_long.arrayType(), MEMORY, CD_int);
    private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(CD_void);
    private static final MethodTypeDesc LOAD = MethodTypeDesc.of(CD_long, CD_long);
    private static final MethodTypeDesc STORE = MethodTypeDesc.of(CD_void, CD_long, CD_long);
    private static final MethodTypeDesc ASK = MethodTypeDesc.of(CD_boolean);
    private static final Set<String> BINARY = Set.of("add", "sub", "xor", "and", "shl", "shr");
    private static final int REGISTERS = 16;
    private static final int ARRAY = 1;
    private static final int VIEW = 2;
    private static final int BUDGET = 3;
    private static final int FIRST_REGISTER = 4;
    private static final int LEFT = FIRST_REGISTER + 2 * REGISTERS;
    private static final int RIGHT = LEFT + 2;
    private static final int WORD = 32;
    private static final int QUAD_BYTES = 8;

    private final CodeBuilder c;
    private final Map<Long, Label> labels = new HashMap<>();
    private final Label out;

    /** Whether the last flags came from a comparison of LEFT with RIGHT; else from the result in LEFT. */
    private boolean compared;

    private BytecodeTranslator(CodeBuilder c) {
        this.c = c;
        this.out = c.newLabel();
    }

    /** Makes a hidden class of the region; it goes when nothing refers to it. */
    static CompiledRegion translate(Region region) throws ReflectiveOperationException {
        byte[] bytes = ClassFile.of()
                .build(
                        SELF,
                        b -> b.withInterfaceSymbols(REGION)
                                .withMethodBody(
                                        "<init>",
                                        NOTHING,
                                        ClassFile.ACC_PUBLIC,
                                        m -> m.aload(0)
                                                .invokespecial(CD_Object, "<init>", NOTHING)
                                                .return_())
                                .withMethodBody(
                                        "run", RUN, ClassFile.ACC_PUBLIC, m -> new BytecodeTranslator(m).body(region)));
        MethodHandles.Lookup made = MethodHandles.lookup().defineHiddenClass(bytes, true);
        return (CompiledRegion) made.lookupClass().getDeclaredConstructor().newInstance();
    }

    private static int local(int register) {
        return FIRST_REGISTER + 2 * register;
    }

    private void body(Region region) {
        for (int r = 0; r < REGISTERS; r++) {
            c.aload(ARRAY).loadConstant(r).laload().lstore(local(r));
        }
        c.loadConstant(0L).lstore(LEFT).loadConstant(0L).lstore(RIGHT);
        region.blocks().keySet().forEach(at -> labels.put(at, c.newLabel()));
        region.blocks().forEach(this::block);
        // The answer waits on the stack.
        c.labelBinding(out);
        for (int r = 0; r < REGISTERS; r++) {
            c.aload(ARRAY).loadConstant(r).lload(local(r)).lastore();
        }
        c.iload(BUDGET).i2l().loadConstant(0xFFFF_FFFFL).land().lor().lreturn();
    }

    private void block(long start, List<Instruction> block) {
        c.labelBinding(labels.get(start));
        c.iload(BUDGET).loadConstant(block.size()).isub().istore(BUDGET);
        for (Instruction i : block) {
            instruction(i);
        }
    }

    private void instruction(Instruction i) {
        if (BINARY.contains(i.mnemonic())) {
            binary(i);
            return;
        }
        switch (i.mnemonic()) {
            case "mov" -> {
                load(i, 1);
                store(i);
            }
            case "inc", "dec" -> {
                load(i, 0);
                c.loadConstant(i.mnemonic().equals("inc") ? 1L : -1L).ladd();
                result(i);
            }
            case "cmp" -> {
                load(i, 0);
                c.lstore(LEFT);
                load(i, 1);
                c.lstore(RIGHT);
                compared = true;
            }
            case "test" -> {
                load(i, 0);
                load(i, 1);
                c.land().lstore(LEFT);
                compared = false;
            }
            default -> leaving(i);
        }
    }

    private void leaving(Instruction i) {
        switch (i.mnemonic()) {
            case "jmp" -> go(i);
            case "je" -> branch(i, true);
            case "jne" -> branch(i, false);
            case "jl" -> less(i);
            case "ud2" -> leave(i.address());
            default -> throw new IllegalArgumentException(i.mnemonic() + " is not part of the hot mix");
        }
    }

    private void binary(Instruction i) {
        load(i, 0);
        load(i, 1);
        switch (i.mnemonic()) {
            case "add" -> c.ladd();
            case "sub" -> c.lsub();
            case "xor" -> c.lxor();
            case "and" -> c.land();
            case "shl" -> c.l2i().lshl();
            default -> c.l2i().lushr();
        }
        result(i);
    }

    private void result(Instruction i) {
        c.dup2().lstore(LEFT);
        compared = false;
        store(i);
    }

    private void load(Instruction i, int n) {
        switch (i.operandKind(n)) {
            case GENERAL -> {
                c.lload(local(i.operandRegister(n)));
                if (i.operandSize(n) != QUAD_BYTES) {
                    c.loadConstant(0xFFFF_FFFFL).land();
                }
            }
            case IMMEDIATE -> c.loadConstant(i.immediate());
            case MEMORY -> {
                c.aload(VIEW);
                address(i);
                c.invokevirtual(MEMORY, "load64", LOAD);
            }
            default -> throw new IllegalArgumentException("operand " + i.operandKind(n));
        }
    }

    private void store(Instruction i) {
        if (i.operandKind(0) == OperandKind.MEMORY) {
            c.lstore(RIGHT).aload(VIEW);
            address(i);
            c.lload(RIGHT).invokevirtual(MEMORY, "store64", STORE);
            return;
        }
        if (i.operandSize(0) != QUAD_BYTES) {
            c.loadConstant(0xFFFF_FFFFL).land();
        }
        c.lstore(local(i.operandRegister(0)));
    }

    private void address(Instruction i) {
        c.lload(local(i.base))
                .lload(local(i.index))
                .loadConstant(i.scale)
                .lshl()
                .ladd();
        c.loadConstant(i.displacement()).ladd();
    }

    private void branch(Instruction i, boolean whenZero) {
        c.lload(LEFT);
        if (compared) {
            c.lload(RIGHT).lsub();
        }
        c.loadConstant(0L).lcmp();
        Label next = c.newLabel();
        if (whenZero) {
            c.ifne(next);
        } else {
            c.ifeq(next);
        }
        go(i);
        c.labelBinding(next);
    }

    private void less(Instruction i) {
        Label next = c.newLabel();
        c.lload(LEFT).lload(RIGHT).lcmp().ifge(next);
        go(i);
        c.labelBinding(next);
    }

    /** Goes to a branch's target; backwards only within the budget and unless somebody asks for an end. */
    private void go(Instruction i) {
        long target = Region.target(i);
        if (target > i.address()) {
            c.goto_(labels.get(target));
            return;
        }
        Label over = c.newLabel();
        c.iload(BUDGET).ifle(over);
        c.aload(VIEW).invokevirtual(MEMORY, "isBehind", ASK).ifeq(labels.get(target));
        c.labelBinding(over);
        leave(target);
    }

    private void leave(long next) {
        c.loadConstant(next << WORD).goto_(out);
    }
}
