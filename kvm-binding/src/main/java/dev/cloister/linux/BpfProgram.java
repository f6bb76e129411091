package dev.cloister.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Assembles a filter of system calls in classic BPF (kernel documentation, userspace-api/seccomp_filter). It refuses other
 * architectures and the x32 ABI by ending the process; what no rule allows gets the default action. One thread.
 */
public final class BpfProgram {
    /** Lets the call through. */
    public static final int ALLOW = 0x7fff_0000;
    /** Asks whoever has the filter's listener. */
    public static final int USER_NOTIFY = 0x7fc0_0000;
    /** Ends the process with SIGSYS. */
    public static final int KILL_PROCESS = 0x8000_0000;
    /** The call is not made, and its thread gets SIGSYS, which {@link TrapReport} handles. */
    public static final int TRAP = 0x0003_0000;
    /** The call fails with the error in the low 16 bits. */
    public static final int ERRNO = 0x0005_0000;

    private static final int LOAD = 0x20;
    private static final int AND = 0x54;
    private static final int IF_EQUAL = 0x15;
    private static final int IF_AT_LEAST = 0x35;
    private static final int RETURN = 0x06;

    private static final int NUMBER_OFFSET = 0;
    private static final int ARCH_OFFSET = 4;
    private static final int ARGUMENTS_OFFSET = 16;
    private static final int AUDIT_ARCH_X86_64 = 0xc000_003e;
    private static final int X32_BIT = 0x4000_0000;
    private static final int INSTRUCTION = 8;
    private static final int FARTHEST = 255;
    private static final int MOST = 4096;

    private record Instruction(int code, int jumpTrue, int jumpFalse, int value) {}

    /**
     * A condition on one argument. Only the low 32 bits are compared where the kernel takes an int; else the high ones must be 0.
     *
     * @param argument 0 to 5
     * @param wide whether the kernel takes 64 bits
     * @param mask bits that are compared
     * @param values what the masked argument may be
     */
    public record Condition(int argument, boolean wide, int mask, List<Integer> values) {
        /** Copies the list. */
        public Condition {
            values = List.copyOf(values);
        }
    }

    private final List<Instruction> program = new ArrayList<>();
    private final int defaultAction;

    /**
     * An empty filter.
     *
     * @param defaultAction what happens to calls that no rule names
     */
    public BpfProgram(int defaultAction) {
        this.defaultAction = defaultAction;
        add(LOAD, 0, 0, ARCH_OFFSET);
        add(IF_EQUAL, 1, 0, AUDIT_ARCH_X86_64);
        add(RETURN, 0, 0, KILL_PROCESS);
        add(LOAD, 0, 0, NUMBER_OFFSET);
        add(IF_AT_LEAST, 0, 1, X32_BIT);
        add(RETURN, 0, 0, KILL_PROCESS);
    }

    /**
     * Adds a rule; each system call may have one. The most frequent calls should come first.
     *
     * @param number the system call's number
     * @param action what happens if any of the alternatives holds; else the default action
     * @param alternatives lists of conditions that must all hold; none: always
     * @return this filter
     */
    public BpfProgram rule(int number, int action, List<List<Condition>> alternatives) {
        List<Instruction> block = new ArrayList<>();
        for (List<Condition> conditions : alternatives) {
            alternative(block, conditions, action);
        }
        block.add(new Instruction(RETURN, 0, 0, alternatives.isEmpty() ? action : defaultAction));
        if (block.size() > FARTHEST) {
            throw new IllegalArgumentException("rule of system call " + number + " has " + block.size()
                    + " instructions: expected at most " + FARTHEST);
        }
        add(IF_EQUAL, 0, block.size(), number);
        program.addAll(block);
        return this;
    }

    private static void alternative(List<Instruction> block, List<Condition> conditions, int action) {
        List<Instruction> own = new ArrayList<>();
        int length = conditions.stream().mapToInt(BpfProgram::length).sum() + 1;
        int left = length;
        for (Condition condition : conditions) {
            left -= length(condition);
            condition(own, condition, left);
        }
        own.add(new Instruction(RETURN, 0, 0, action));
        block.addAll(own);
    }

    private static int length(Condition condition) {
        return (condition.wide() ? 2 : 0)
                + 1
                + (condition.mask() == -1 ? 0 : 1)
                + condition.values().size();
    }

    /** What fails jumps over the instructions left in its alternative. */
    private static void condition(List<Instruction> block, Condition condition, int left) {
        int offset = ARGUMENTS_OFFSET + condition.argument() * 8;
        int rest = length(condition) + left;
        if (condition.wide()) {
            block.add(new Instruction(LOAD, 0, 0, offset + 4));
            rest -= 2;
            block.add(new Instruction(IF_EQUAL, 0, rest, 0));
        }
        block.add(new Instruction(LOAD, 0, 0, offset));
        rest--;
        if (condition.mask() != -1) {
            block.add(new Instruction(AND, 0, 0, condition.mask()));
            rest--;
        }
        int values = condition.values().size();
        for (int i = 0; i < values; i++) {
            rest--;
            boolean last = i == values - 1;
            block.add(new Instruction(
                    IF_EQUAL,
                    values - 1 - i,
                    last ? rest : 0,
                    condition.values().get(i)));
        }
    }

    private void add(int code, int jumpTrue, int jumpFalse, int value) {
        program.add(new Instruction(code, jumpTrue, jumpFalse, value));
    }

    /**
     * Returns the program as the kernel takes it: {@code struct sock_filter} one after the other.
     *
     * @return 8 bytes for each instruction, little-endian
     */
    public byte[] bytes() {
        List<Instruction> all = new ArrayList<>(program);
        all.add(new Instruction(RETURN, 0, 0, defaultAction));
        if (all.size() > MOST) {
            throw new IllegalArgumentException("filter of " + all.size() + " instructions: expected at most " + MOST);
        }
        ByteBuffer bytes = ByteBuffer.allocate(all.size() * INSTRUCTION).order(ByteOrder.LITTLE_ENDIAN);
        for (Instruction i : all) {
            bytes.putShort((short) i.code())
                    .put((byte) i.jumpTrue())
                    .put((byte) i.jumpFalse())
                    .putInt(i.value());
        }
        return bytes.array();
    }
}
