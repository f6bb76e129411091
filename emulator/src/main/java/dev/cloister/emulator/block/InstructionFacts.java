package dev.cloister.emulator.block;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Conditions;
import java.util.HashSet;
import java.util.Set;

/** What building a block has to know of instructions: which may stand inside it, and what they do with the status flags. */
final class InstructionFacts {
    /** Instructions that change neither control flow nor mode, segments, translation or the interrupt flag. */
    private static final Set<String> PLAIN = Set.of(
            ("adc add and cmp dec inc neg not or sbb sub test xor mul imul mulx div idiv aaa aad aam aas daa das salc"
                + " bt bts btr btc bsf bsr tzcnt lzcnt popcnt andn blsr blsmsk blsi bzhi bextr pdep pext crc32 adcx"
                + " adox xadd cmpxchg cmpxchg8b cmpxchg16b xchg xlat movbe movabs movzx movsx movsxd movnti movdiri"
                + " lea bswap cbw cwde cdqe cwd cdq cqo shld shrd shlx shrx sarx rorx rcl rcr rol ror shl shr sar"
                + " pusha pushaw popa popaw pushf pushfw enter leave push lahf sahf clc stc cmc cld std cpuid rdtsc"
                + " rdtscp rdpid nop endbr32 endbr64 pause lfence mfence sfence prefetch prefetchw prefetchnta"
                + " prefetcht0 prefetcht1 prefetcht2 prefetchwt1 clflush clflushopt clwb cldemote arpl lar lsl verr"
                + " verw sgdt sidt sldt str smsw bound rdrand rdseed emms ldmxcsr stmxcsr vldmxcsr vstmxcsr vzeroupper"
                + " vzeroall fxsave fxsave64 fxrstor fxrstor64 fwait")
                    .split(" "));

    private static final Set<String> NOTHING = Set.of(
            "nop",
            "endbr32",
            "endbr64",
            "prefetch",
            "prefetchw",
            "prefetchnta",
            "prefetcht0",
            "prefetcht1",
            "prefetcht2");

    private static final Set<String> OVERWRITES =
            Set.of("add", "or", "and", "sub", "xor", "cmp", "test", "neg", "imul");
    private static final Set<String> NEUTRAL = Set.of(
            "mov", "movabs", "movzx", "movsx", "movsxd", "lea", "not", "bswap", "xchg", "cbw", "cwde", "cdqe", "cwd",
            "cdq", "cqo");
    private static final Set<String> SHIFTS = Set.of("shl", "shr", "sar");
    private static final Set<String> STRINGS = Set.of("movs", "stos", "lods", "cmps", "scas");

    private static final Set<String> CONDITIONAL = new HashSet<>();

    static {
        for (String condition : Conditions.NAMES) {
            CONDITIONAL.add("set" + condition);
            CONDITIONAL.add("cmov" + condition);
        }
    }

    private InstructionFacts() {}

    /** Whether execution simply goes on behind it. */
    static boolean isPlain(Instruction i) {
        String name = i.form.mnemonic;
        if (name.equals("mov")) {
            return i.kinds[0] != OperandKind.SEGMENT
                    && i.kinds[0] != OperandKind.CONTROL
                    && i.kinds[0] != OperandKind.DEBUG;
        }
        if (name.equals("pop")) {
            return i.kinds[0] != OperandKind.SEGMENT;
        }
        if (STRINGS.contains(name)) {
            return !i.repeat && !i.repeatNot;
        }
        return PLAIN.contains(name) || CONDITIONAL.contains(name) || isFloating(i);
    }

    /** x87, MMX, SSE, AVX: everything with such a register, and the x87 opcodes. */
    private static boolean isFloating(Instruction i) {
        if (i.opcode >= 0xD8 && i.opcode <= 0xDF) {
            return true;
        }
        for (int n = 0; n < i.operandCount; n++) {
            switch (i.kinds[n]) {
                case MMX, XMM, YMM, X87 -> {
                    return true;
                }
                default -> {
                    // Any other operand decides nothing.
                }
            }
        }
        return false;
    }

    /** Whether it does nothing that a guest could see. */
    static boolean isNothing(Instruction i) {
        boolean accumulator = i.form.mnemonic.equals("xchg") && i.opcode == 0x90 && (i.rex & 1) == 0;
        return NOTHING.contains(i.form.mnemonic) || accumulator;
    }

    /** Whether it writes all six status flags and reads none. */
    static boolean overwritesFlags(Instruction i) {
        String name = i.form.mnemonic;
        if (SHIFTS.contains(name)) {
            int mask = i.sizes[0] == 8 ? 63 : 31;
            return i.kinds[1] == OperandKind.ONE || i.kinds[1] == OperandKind.IMMEDIATE && (i.immediate & mask) != 0;
        }
        return OVERWRITES.contains(name) && !(name.equals("imul") && i.operandCount == 1);
    }

    /** Whether it neither reads nor writes status flags. */
    static boolean ignoresFlags(Instruction i) {
        return NEUTRAL.contains(i.form.mnemonic) || isNothing(i);
    }

    /** Whether it works on general registers and immediates alone, so that it can't fault. */
    static boolean isRegisterOnly(Instruction i) {
        for (int n = 0; n < i.operandCount; n++) {
            switch (i.kinds[n]) {
                case GENERAL, GENERAL_HIGH, IMMEDIATE, ONE -> {
                    // No access to memory.
                }
                case MEMORY -> {
                    if (!i.form.mnemonic.equals("lea")) {
                        return false;
                    }
                }
                default -> {
                    return false;
                }
            }
        }
        return true;
    }
}
