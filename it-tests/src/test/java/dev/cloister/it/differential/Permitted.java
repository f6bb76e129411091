package dev.cloister.it.differential;

import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** What the two sides may differ in, each entry with the manual's section; and what can't be compared at CPL 3, with the reason. */
final class Permitted {
    private static final long CF = 1;
    private static final long PF = 4;
    private static final long AF = 0x10;
    private static final long ZF = 0x40;
    private static final long SF = 0x80;
    private static final long OF = 0x800;
    private static final long STATUS = CF | PF | AF | ZF | SF | OF;

    /** Flags left undefined, whatever the operands: Intel SDM vol. 1 appendix A, and each instruction's page in vol. 2. */
    private static final Map<String, Long> UNDEFINED = Map.ofEntries(
            Map.entry("mul", SF | ZF | AF | PF),
            Map.entry("imul", SF | ZF | AF | PF),
            Map.entry("aam", OF | AF | CF),
            Map.entry("aad", OF | AF | CF),
            Map.entry("daa", OF),
            Map.entry("das", OF),
            Map.entry("aaa", OF | SF | ZF | PF),
            Map.entry("aas", OF | SF | ZF | PF),
            Map.entry("div", STATUS),
            Map.entry("idiv", STATUS),
            Map.entry("and", AF),
            Map.entry("or", AF),
            Map.entry("xor", AF),
            Map.entry("test", AF),
            Map.entry("andn", AF | PF),
            Map.entry("blsr", AF | PF),
            Map.entry("blsi", AF | PF),
            Map.entry("blsmsk", AF | PF),
            Map.entry("bzhi", AF | PF),
            Map.entry("bextr", AF | PF | SF),
            Map.entry("bsf", STATUS & ~ZF),
            Map.entry("bsr", STATUS & ~ZF),
            Map.entry("tzcnt", OF | SF | PF | AF),
            Map.entry("lzcnt", OF | SF | PF | AF),
            Map.entry("bt", OF | SF | AF | PF),
            Map.entry("bts", OF | SF | AF | PF),
            Map.entry("btr", OF | SF | AF | PF),
            Map.entry("btc", OF | SF | AF | PF));

    private static final String UMIP =
            "raises #GP under UMIP, which software-assisted KVM and Linux answer by emulation";

    /** Why a form is left out: what it does here is not the processor's answer to the state given. */
    private static final Map<String, String> LEFT_OUT = Map.ofEntries(
            Map.entry(
                    "int",
                    "software-assisted KVM answers int n from CPL 3 with #UD; on others it enters the guest's IDT"),
            Map.entry("syscall", "software-assisted KVM keeps CPL 3; its meaning needs a supervisor"),
            Map.entry("sysenter", "its meaning needs a supervisor and MSRs"),
            Map.entry("sgdt", UMIP),
            Map.entry("sidt", UMIP),
            Map.entry("sldt", UMIP),
            Map.entry("str", UMIP),
            Map.entry("smsw", UMIP),
            Map.entry("femms", "AMD's alone"),
            Map.entry("cpuid", "answers what the host is"),
            Map.entry("rdtsc", "answers the time"),
            Map.entry("rdtscp", "answers the time"),
            Map.entry("rdpmc", "answers the host's counters"),
            Map.entry("rdpru", "answers the host's counters"),
            Map.entry("rdpid", "answers the host's processor number"),
            Map.entry("rdrand", "random"),
            Map.entry("rdseed", "random"),
            Map.entry("vmcall", "a hypercall of KVM"),
            Map.entry("vmmcall", "a hypercall of KVM"),
            Map.entry("xbegin", "transactional memory is not offered"),
            Map.entry("xabort", "transactional memory is not offered"),
            Map.entry("xend", "transactional memory is not offered"),
            Map.entry("xtest", "transactional memory is not offered"),
            Map.entry("xgetbv", "answers the host's state components"),
            Map.entry("mwaitx", "waits"),
            Map.entry("monitorx", "AMD's alone"),
            Map.entry("umwait", "waits"),
            Map.entry("umonitor", "WAITPKG is not offered"),
            Map.entry("tpause", "waits"),
            Map.entry("senduipi", "user interrupts are not offered"),
            Map.entry("enclu", "SGX is not offered"),
            Map.entry("ptwrite", "processor trace is not offered"),
            Map.entry("movdir64b", "not offered by any CPUID model here"),
            Map.entry("movdiri", "not offered by any CPUID model here"),
            Map.entry("cldemote", "a hint"),
            Map.entry("rdpkru", "protection keys are off: needs CR4.PKE, which the host may lack"),
            Map.entry("wrpkru", "protection keys are off: needs CR4.PKE, which the host may lack"));

    private static final Set<String> SHIFTS = Set.of("shl", "shr", "sar", "shld", "shrd");
    private static final Set<String> NARROW_ANY_ORDER =
            Set.of("call", "pusha", "pushaw", "popa", "popaw", "enter", "iret", "iretw", "retf", "bound");

    private static final Set<String> ROTATIONS = Set.of("rol", "ror", "rcl", "rcr");

    /** Approximations: one unit in the last place of the result is permitted, and C1, which tells how it was rounded (vol. 1, 8.3.10). */
    private static final Set<String> TRANSCENDENTAL =
            Set.of("f2xm1", "fyl2x", "fyl2xp1", "fsin", "fcos", "fsincos", "fptan", "fpatan");

    private static final boolean INTEL = isIntel();

    private Permitted() {}

    private static boolean isIntel() {
        try {
            return Files.readString(Path.of("/proc/cpuinfo")).contains("GenuineIntel");
        } catch (IOException _) {
            return false;
        }
    }

    /** Stores of 80 bits that fault in their last two bytes: processors have written the first eight by then, the emulator nothing. */
    static boolean isPartlyWritten(Instruction i, Outcome real) {
        return real.vector >= 12 && real.vector <= 14 && i.operandCount() == 1 && i.operandSize(0) == 10;
    }

    /**
     * Instructions that move the stack pointer by several steps: where one of them faults, processors have done those before it in
     * memory below the stack pointer (a call has pushed before its target is found beyond the limit), the emulator has not.
     */
    static boolean isPushedInParts(Instruction i, Outcome real) {
        String mnemonic = i.mnemonic();
        boolean parts = mnemonic.startsWith("pusha") || mnemonic.equals("call") || mnemonic.equals("enter");
        return parts && (isAnyOrderFault(real.vector) || real.vector == 11);
    }

    /** POPA leaves the registers before the fault loaded; it starts anew. */
    static boolean isPoppedInParts(Instruction i, boolean completed) {
        return i.mnemonic().startsWith("popa") && !completed;
    }

    /** In which order the words of a frame are popped isn't promised: CR2 is that of any. */
    static boolean isFrame(Instruction i) {
        return i.mnemonic().startsWith("iret") || i.mnemonic().equals("retf");
    }

    /**
     * What a process doesn't have as the emulated machine has it: the pages at which the loader sees everything, which are its own, and
     * Linux's descriptor of the processor's number.
     */
    static boolean isForeign(TestCase c, Outcome emulated) {
        boolean loader =
                emulated.vector == 14 && emulated.cr2 >= Layout.ALIAS && emulated.cr2 < Layout.ALIAS + Layout.RAM;
        boolean number = emulated.vector == 13 && (emulated.errorCode & ~7L) == 0x78;
        return number || c.bits != 64 && loader;
    }

    /** Accesses across the end of a segment of 4 GiB wrap or fault, as the implementation likes (SDM vol. 3, 5.3); before or after #AC. */
    static boolean isAcross4GiB(TestCase c, Outcome real, Outcome emulated) {
        if (c.bits == 64 || emulated.vector != 12 && emulated.vector != 13) {
            return false;
        }
        return real.vector == 17 || real.vector == 14 && ((real.cr2 & 0xFFFFFFFFL) >= 0xFFFFFFC0L || real.cr2 < 64);
    }

    /** On which stack a far call from compatibility to 64-bit mode pushes, that of the old width or of the new, isn't said. */
    static boolean isCallToLongMode(Instruction i, TestCase c, Outcome real, Outcome emulated) {
        return c.bits != 64
                && i.mnemonic().equals("call")
                && (emulated.cs >> 2 == Layout.USER_CODE >> 2 || real.cs >> 2 == Layout.USER_CODE >> 2);
    }

    /** Whether the result is an approximation whose last bit the manual doesn't define. */
    static boolean isTranscendental(Instruction i) {
        return TRANSCENDENTAL.contains(i.mnemonic());
    }

    /** Why cases of this mnemonic aren't made in code of this width; empty where they are. */
    static String leftOut(String mnemonic, int bits) {
        if (bits != 64 && mnemonic.equals("int")) {
            return "";
        }
        return LEFT_OUT.getOrDefault(mnemonic, "");
    }

    /** Whether the state asks for nothing that the host's kernel decides: save areas with components that the machine hasn't. */
    static boolean isComparable(Instruction i, TestCase c) {
        String mnemonic = i.mnemonic();
        if (!INTEL && (c.rflags & Flags.AC) != 0 && isChoosy(mnemonic)) {
            return false;
        }
        if (mnemonic.equals("int") && i.immediate == 0x80) {
            // Linux's system call.
            return false;
        }
        boolean masked = mnemonic.startsWith("xsave") || mnemonic.startsWith("xrstor");
        return !masked || (c.gpr[0] & 0xFFFFFFFFL & ~7) == 0 && (int) c.gpr[2] == 0;
    }

    /** What the emulator does as Intel's processors: whether elements are checked for alignment depends on the implementation. */
    private static boolean isChoosy(String mnemonic) {
        return mnemonic.contains("maskmov")
                || mnemonic.contains("gather")
                || mnemonic.startsWith("vcvtp") && mnemonic.contains("ph");
    }

    /** The flags that the manual leaves undefined after any completed instruction of this name. */
    static long undefined(String mnemonic) {
        return UNDEFINED.getOrDefault(mnemonic, 0L);
    }

    /** The flags that the manual leaves undefined after the instruction completed on this state. */
    static long undefined(Instruction i, TestCase c) {
        String mnemonic = i.mnemonic();
        if (SHIFTS.contains(mnemonic) || ROTATIONS.contains(mnemonic)) {
            return shift(i, c, mnemonic);
        }
        return UNDEFINED.getOrDefault(mnemonic, 0L);
    }

    /**
     * Shifts and rotations by the masked count: 0 changes no flag; OF is defined for 1 only; AF is undefined after shifts; CF where the
     * count reaches the operand's size; SHLD and SHRD beyond it leave all undefined (SDM vol. 2, SAL/SAR/SHL/SHR, RCL/…, SHLD, SHRD).
     */
    private static long shift(Instruction i, TestCase c, String mnemonic) {
        int last = i.operandCount() - 1;
        int size = i.operandSize(0) * 8;
        long count = switch (i.operandKind(last)) {
            case ONE -> 1;
            case IMMEDIATE -> i.immediate();
            default -> c.gpr[1];
        };
        count &= size == 64 ? 63 : 31;
        if (count == 0) {
            return 0;
        }
        long flags = count == 1 ? 0 : OF;
        if (SHIFTS.contains(mnemonic)) {
            flags |= AF;
            if (mnemonic.startsWith("sh") && count >= size) {
                flags |= mnemonic.length() == 4 && count > size ? STATUS : CF;
            }
        }
        return flags;
    }

    /** Whether the destination's register is left undefined: SHLD and SHRD by more than the size. */
    static boolean isResultUndefined(Instruction i, TestCase c) {
        boolean doubles = i.mnemonic().equals("shld") || i.mnemonic().equals("shrd");
        return doubles && undefined(i, c) == (STATUS | AF | OF);
    }

    /**
     * Whether the instruction may touch the parts of its operand in any order, and find one fault before another: the save areas. Also
     * whether a misaligned one raises #AC or #GP is the implementation's choice (SDM vol. 2, FXSAVE; vol. 1, 13.7 to 13.12). In 16- and
     * 32-bit code a call's push and the check of its target, the steps of PUSHA, POPA and ENTER, the words of a frame, the second bound
     * where the first decides, and the elements of masked moves and gathers. On processors of other makers than
     * Intel likewise masked moves and gathers, for which no order is promised (SDM vol. 2, MASKMOVDQU, VMASKMOV, VGATHER).
     */
    static boolean isAnyOrder(Instruction i) {
        String mnemonic = i.mnemonic();
        return i.bits != 64 && isNarrowAnyOrder(mnemonic)
                || mnemonic.contains("save")
                || mnemonic.contains("rstor")
                || mnemonic.endsWith("env")
                || !INTEL && isChoosy(mnemonic);
    }

    private static boolean isNarrowAnyOrder(String mnemonic) {
        return NARROW_ANY_ORDER.contains(mnemonic) || mnemonic.contains("maskmov") || mnemonic.contains("gather");
    }

    /** The exceptions that those may raise one for another. */
    static boolean isAnyOrderFault(int vector) {
        return vector >= 12 && vector <= 14 || vector == 17 || vector == 5;
    }

    /**
     * Registers whose upper halves a repetition with 32-bit addresses leaves as it likes where it faults, or has nothing to do: RCX, RSI,
     * RDI (SDM vol. 2, REP, speaks of ECX, ESI and EDI alone; Intel's clear them for MOVS and STOS of no iteration).
     */
    static boolean isNarrowRepetition(Instruction i, TestCase c, boolean completed) {
        boolean idle = !completed || (int) c.gpr[1] == 0;
        return idle && i.addressSize == 4 && (i.repeat || i.repeatNot);
    }

    /** Flags of EFLAGS that user code can see change, beside the arithmetic ones. */
    static long visible() {
        return STATUS
                | Flags.DF
                | Flags.AC
                | Flags.NT
                | Flags.ID
                | Flags.TF
                | Flags.IF
                | Flags.RF
                | Flags.VM
                | Flags.IOPL;
    }
}
