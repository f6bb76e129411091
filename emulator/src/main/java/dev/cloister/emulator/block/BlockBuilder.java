package dev.cloister.emulator.block;

import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Conditions;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decodes blocks. Belongs to one processor; allocates. */
final class BlockBuilder {
    /** The longest block in instructions. */
    static final int MOST = 48;

    private static final Set<String> STRINGS = Set.of("movs", "stos", "lods", "cmps", "scas");
    private static final Map<String, Integer> CONDITIONS = new HashMap<>();
    private static final Map<String, Integer> LOOPS = Map.of(
            "loop", LoopOp.LOOP, "loope", LoopOp.WHILE_EQUAL, "loopne", LoopOp.WHILE_UNEQUAL, "jrcxz", LoopOp.IF_ZERO);

    private static final Set<String> ALU =
            Set.of("add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test", "inc", "dec", "neg");

    static {
        for (int condition = 0; condition < Conditions.NAMES.length; condition++) {
            CONDITIONS.put("j" + Conditions.NAMES[condition], condition);
        }
    }

    private final Interpreter interpreter;
    private final Decoder decoder = new Decoder();
    private final List<Instruction> instructions = new ArrayList<>();

    BlockBuilder(Interpreter interpreter) {
        this.interpreter = interpreter;
    }

    /**
     * Decodes the block that begins with these bytes.
     *
     * @param code bytes up to the end of the page, or more than a block can have
     * @param available how many
     * @return null where the first instruction can't be part of a block: it crosses the page, or it isn't one
     */
    @Nullable
    Block build(byte[] code, int available, long rip, long gpa, BlockMode mode) {
        int length = decode(code, available, rip, mode);
        if (instructions.isEmpty()) {
            return null;
        }
        BlockDraft draft = new BlockDraft(rip, gpa, mode);
        draft.count = instructions.size();
        draft.length = length;
        draft.nextRip = mode.cutRip(rip + length);
        draft.takenRip = draft.nextRip;
        int last = instructions.size() - 1;
        Instruction end = instructions.get(last);
        int body = isEnd(end) ? last : last + 1;
        boolean fused = body == last && fuse(draft, end, last);
        operations(draft, fused ? last - 1 : body);
        if (!fused) {
            draft.finish(body == last ? end(draft, end) : BranchOp.NONE, place(draft, body), body);
        }
        return new Block(draft);
    }

    private int place(BlockDraft draft, int index) {
        return index == instructions.size() ? draft.length : (int) (instructions.get(index).address - draft.rip);
    }

    private static boolean isEnd(Instruction i) {
        return !InstructionFacts.isPlain(i);
    }

    /** Collects instructions up to the first that ends the block; returns the bytes that they occupy. */
    private int decode(byte[] code, int available, long rip, BlockMode mode) {
        instructions.clear();
        int length = 0;
        while (instructions.size() < MOST) {
            Instruction i = new Instruction();
            long address = rip + length;
            DecodeResult result = decoder.decode(code, length, available - length, mode.bits, address, i);
            if (result != DecodeResult.OK || !isUsable(i, mode)) {
                return length;
            }
            instructions.add(i);
            length += i.length;
            if (isEnd(i)) {
                return length;
            }
        }
        return length;
    }

    /** What can't be executed, or runs over the end of its segment, is left to the plain interpreter. */
    private boolean isUsable(Instruction i, BlockMode mode) {
        long last = i.address + i.length - 1;
        boolean within = mode.long64 || last <= mode.codeLimit && last == mode.cutRip(last);
        return within
                && interpreter.handler(i.form) != null
                && interpreter.isOffered(i.form)
                && interpreter.isAllowed(i, mode.descriptors);
    }

    private void operations(BlockDraft draft, int count) {
        Op[] ops = new Op[count];
        boolean live = true;
        for (int n = count - 1; n >= 0; n--) {
            Instruction i = instructions.get(n);
            if (!InstructionFacts.isNothing(i)) {
                ops[n] = operation(i, draft.mode, live ? 0 : Shape.FLAGS_DEAD);
                live = isLiveBefore(i, live);
            }
        }
        boolean mayStop = false;
        for (int n = 0; n < count; n++) {
            if (ops[n] != null) {
                mayStop = !InstructionFacts.isRegisterOnly(instructions.get(n));
                draft.add(ops[n], place(draft, n), n);
            } else if (mayStop) {
                // What stands behind a store may be overwritten by it.
                draft.add(NothingOp.OP, place(draft, n), n);
            }
        }
    }

    /** Whether anybody may see the flags that an instruction finds, given whether anybody sees those that it leaves. */
    private static boolean isLiveBefore(Instruction i, boolean liveAfter) {
        if (InstructionFacts.overwritesFlags(i)) {
            return !InstructionFacts.isRegisterOnly(i);
        }
        return !(InstructionFacts.ignoresFlags(i) && InstructionFacts.isRegisterOnly(i)) || liveAfter;
    }

    private Op operation(Instruction i, BlockMode mode, int extra) {
        Op special = OpSelector.select(i, mode, extra);
        return special != null ? special : generic(i);
    }

    private GenericOp generic(Instruction i) {
        Handler handler = interpreter.handler(i.form);
        if (handler == null) {
            throw new IllegalStateException(i.form.mnemonic + " has no handler");
        }
        return new GenericOp(handler, i, interpreter);
    }

    /** Makes one end of a comparison (or other arithmetic that doesn't write memory) and the conditional jump behind it. */
    private boolean fuse(BlockDraft draft, Instruction jump, int last) {
        Integer condition = CONDITIONS.get(jump.form.mnemonic);
        if (condition == null || last == 0 || !setTarget(draft, jump)) {
            return false;
        }
        Instruction first = instructions.get(last - 1);
        Op op = first.kinds[0] == OperandKind.MEMORY && !comparesOnly(first)
                ? null
                : OpSelector.select(first, draft.mode, Shape.JUMPS | Shape.ofCondition(condition));
        if (op == null || !ALU.contains(first.form.mnemonic)) {
            return false;
        }
        draft.finish(op, place(draft, last - 1), last - 1);
        return true;
    }

    private static boolean comparesOnly(Instruction i) {
        return i.form.mnemonic.equals("cmp") || i.form.mnemonic.equals("test");
    }

    /** Fixes where a direct branch goes; false where it would fault. */
    private static boolean setTarget(BlockDraft draft, Instruction i) {
        long target = draft.nextRip + i.immediate & Execution.mask(i.operandSize);
        draft.takenRip = target;
        return draft.mode.long64 ? target << 16 >> 16 == target : target <= draft.mode.codeLimit;
    }

    private Op end(BlockDraft draft, Instruction i) {
        Op special = specialEnd(draft, i);
        return special != null ? special : generic(i);
    }

    private static @Nullable Op specialEnd(BlockDraft draft, Instruction i) {
        if (i.operandCount > 0 && i.kinds[0] == OperandKind.RELATIVE) {
            return setTarget(draft, i) ? direct(draft, i) : null;
        }
        if (STRINGS.contains(i.form.mnemonic)) {
            return OpSelector.select(i, draft.mode, 0);
        }
        return switch (i.form.mnemonic) {
            case "jmp" -> indirect(StackOp.JMP_INDIRECT, i, draft.mode);
            case "call" -> indirect(StackOp.CALL_INDIRECT, i, draft.mode);
            case "ret" -> ret(i, draft.mode);
            default -> null;
        };
    }

    private static @Nullable Op direct(BlockDraft draft, Instruction i) {
        String name = i.form.mnemonic;
        Operands o = new Operands();
        Integer condition = CONDITIONS.get(name);
        if (condition != null) {
            o.shape = ConditionOp.JUMP | Shape.ofCondition(condition);
            return Templates.make(ConditionOp.class, o);
        }
        Integer loop = LOOPS.get(name);
        if (loop != null) {
            o.immediate = loop;
            o.dst = i.addressSize;
            return new LoopOp(o);
        }
        return switch (name) {
            case "jmp" -> BranchOp.JUMP;
            case "call" -> OpSelector.stack(StackOp.CALL, i.operandSize, draft.mode, o);
            default -> null;
        };
    }

    private static @Nullable Op indirect(int kind, Instruction i, BlockMode mode) {
        boolean near =
                i.kinds[0] == OperandKind.GENERAL || i.kinds[0] == OperandKind.MEMORY && i.sizes[0] == i.operandSize;
        if (!near) {
            return null;
        }
        Operands o = new Operands();
        o.shape = OpSelector.source(o, i, 0, mode);
        return OpSelector.stack(kind, i.operandSize, mode, o);
    }

    private static @Nullable Op ret(Instruction i, BlockMode mode) {
        Operands o = new Operands();
        o.immediate = i.operandCount == 1 ? i.immediate & 0xFFFF : 0;
        return OpSelector.stack(StackOp.RET, i.operandSize, mode, o);
    }
}
