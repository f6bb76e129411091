package dev.cloister.it.disassembly;

import dev.cloister.emulator.decode.Instruction;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Why the decoder and objdump differ, where both are right by their own lights; in the order in which they are tried. */
enum Explanation {
    /** A REX that isn't directly before the opcode. */
    REX("a REX prefix that another prefix follows is dropped (SDM vol. 2, 2.2.1); objdump prints it as an"
            + " instruction of its own") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return line.text().startsWith("rex")
                    || STRAY_REX.matcher(line.text()).matches();
        }
    },
    /** Prefixes in another order or number, or with another name. */
    PREFIXES("prefixes without effect on the operands (segment, repeat, hint, lock) are printed differently; the"
            + " instruction is the same") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known && i.length() == line.bytes().length && theirs.equals(ours);
        }
    },
    /** Mnemonics that carry their operand size in one of the two. */
    SUFFIX("a suffix for the operand size (w, d, q) is printed by one of the two alone") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known && i.length() == line.bytes().length && stem(theirs).equals(stem(ours));
        }
    },
    /** A0 to A3 with 8-byte offsets, XLAT's segment. */
    SPELLING("movabs and the operand of xlat are spelled differently") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known && i.length() == line.bytes().length && plain(theirs).equals(plain(ours));
        }
    },
    /** Branches with 16-bit operand size. */
    TARGET("a near branch with 16-bit operand size goes to a 16-bit target (SDM vol. 2, JMP); objdump doesn't cut it") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known && i.length() == line.bytes().length && i.operandSize <= 4 && isBranch(theirs, ours);
        }
    },
    /** FWAIT before an x87 instruction. */
    WAIT("fwait is an instruction of its own; objdump joins it with the x87 instruction that follows, or with its"
            + " prefixes") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return ours.equals("fwait");
        }
    },
    /** 3DNow!. */
    AMD("3DNow! (0F 0F) is not decoded: no processor model offers it") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return !known && i.opcode == 0x0F;
        }
    },
    /** MPX is NOP on processors without it. */
    MPX("0F 1A and 0F 1B are NOP without MPX, which no processor model offers (SDM vol. 2, NOP)") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return theirs.startsWith("bnd") && ours.startsWith("nop");
        }
    },
    /** Registers that don't exist. */
    REGISTERS("segment registers 6 and 7 and test registers raise #UD (SDM vol. 2, MOV); objdump names them") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return !known && (line.text().contains("?") || line.text().contains("tr"));
        }
    },
    /** Encodings without a page in the manual that processors execute. */
    ALIASES("objdump calls undocumented encodings bad that processors execute (SALC, x87 and ICEBP aliases, 66 before"
            + " WBINVD; AMD APM vol. 3, A.2)") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known
                    && line.text().contains("(bad)")
                    && (ours.endsWith("fence")
                            || ours.startsWith("f")
                            || ours.equals("salc")
                            || ours.equals("wbinvd")
                            || ours.startsWith("bsf ")
                            || ours.startsWith("bsr ")
                            || ours.startsWith("shl")
                            || ours.startsWith("test"));
        }
    },
    /** The size word of a memory operand. */
    SIZES("the word for the operand's size differs or is missing (far pointers, INVPCID, WRSS); its place is the"
            + " same") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known && i.length() == line.bytes().length && unsized(theirs).equals(unsized(ours));
        }
    },
    /** 90, and the pseudo-instructions that stand for an immediate. */
    PSEUDO("objdump's other name for the same encoding (nop with a prefix, pclmulqdq and vcmp by their immediate,"
            + " ud0's size, vmovss with VEX.L)") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known
                    && i.length() == line.bytes().length
                    && (theirs.equals("nop") && ours.startsWith("xchg")
                            || theirs.contains("pclmul") && ours.contains("pclmul")
                            || theirs.startsWith("ud0") && ours.startsWith("ud0")
                            || theirs.startsWith("vcmp") && ours.startsWith("vcmp")
                            || theirs.startsWith("pmovmskb r") && ours.startsWith("pmovmskb e")
                            || theirs.equals("{vex} " + ours)
                            || theirs.startsWith("vmovs") && ours.startsWith("vmovs"));
        }
    },
    /** VEX behind a prefix that forbids it. */
    VEX("VEX and EVEX behind 66, F2, F3, LOCK or REX raise #UD (SDM vol. 2, 2.3.2); objdump ignores the prefix") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return !known && (i.vex || i.evex) && PREFIXED.contains(line.bytes()[0]);
        }
    },
    /** Extensions that no processor model has. */
    EXTENSIONS("extensions that no processor model offers (XOP, FMA4, AVX-IFMA, RAO-INT, SEV, PadLock) aren't in the"
            + " tables") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return !known && NOT_OFFERED.matcher(theirs).lookingAt();
        }
    },
    /** Mask instructions with a VEX.vvvv above 7. */
    MASKS("AVX-512 mask instructions are decoded without looking at reserved register numbers") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known && ours.startsWith("k");
        }
    },
    /** The width of a selector's register. */
    SELECTORS(
            "a selector is read from 16 bits of a register whatever the operand size (SDM vol. 2, MOV); so is MOVSXD's"
                    + " 16-bit source") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return known
                    && i.length() == line.bytes().length
                    && (i.opcode == 0x8E || i.opcode == 0x63)
                    && theirs.split(",")[0].equals(ours.split(",")[0]);
        }
    },
    /** Mandatory prefixes that no instruction has. */
    MANDATORY("with that prefix the opcode is no instruction (#UD: SDM vol. 2, A.3); objdump doesn't look at it") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return !known
                    && theirs.matches(
                            "(?:pmovmskb|vzero|fxsave|fxrstor|xsave|xrstor|frstpm|maskmov|movnt|stmxcsr|ldmxcsr|pinsrw|pextrw|vmovmsk|movmsk|vmr|vmw).*");
        }
    },
    /** 0F 0D with a register. */
    PREFETCH("0F 0D with a register is NOP (SDM vol. 2, A.3)") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return line.text().contains("prefetch") && ours.startsWith("nop");
        }
    },
    /** LOCK as REX.R of control registers. */
    LOCKED("LOCK before a move of a control register means CR8 on AMD's processors alone (APM vol. 3, MOV CRn); #UD"
            + " here") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return i.lock && theirs.startsWith("mov") && theirs.contains("cr");
        }
    },
    /** Instructions of 64-bit mode in other modes. */
    LONG_MODE("SWAPGS and the moves of FS and GS bases exist in 64-bit mode alone (SDM vol. 2); objdump names them in"
            + " every mode") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return !known && i.bits != 64 && theirs.matches("(?:swapgs|(?:rd|wr)[fg]sbase .*)");
        }
    },
    /** EVEX encodings whose reserved bits are set. */
    EVEX("EVEX is decoded for its length; which of its bits are reserved for an instruction isn't looked at") {
        @Override
        boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours) {
            return i.evex;
        }
    };

    private static final Set<Byte> PREFIXED = prefixed();
    private static final Pattern NOT_OFFERED = Pattern.compile(
            "aadd|aand|aor|axor|xcrypt|xstore|montmul|xsha|pvalidate|rmp|vmgexit|psmash"
                + "|vprot|vpsha|vpshl|vpcom|vpcmov|vpperm|vphadd|vphsub|vpmac|vpmad|vfrcz|vpermil2|vfm|vfnm|\\{vex\\}|ldtile|sttile|tile|tdp"
                + "|tlbsync|llwpcb|slwpcb|lwp|vpdp|blc|bls|tzmsk|t1mskc|bextr|cmpccxadd|rstorssp|prefetchit|uiret|testui|clui|stui|aes[a-z0-9]+kl|encodekey|loadiwkey|enqcmd|cmp[a-z]+xadd|movnts|vp[0-9a-z]*madd");
    private static final Pattern STRAY_REX = Pattern.compile("(?:[a-z0-9]+ )*rex(?:\\.[WRXB]+)?(?: .*)?");
    private static final Pattern PREFIX_WORDS = Pattern.compile(
            "^(?:(?:cs|ds|es|ss|fs|gs|rep|repz|repe|repnz|repne|lock|bnd|notrack|xacquire|xrelease|data16|addr16|addr32)"
                + " )+");

    private final String text;

    Explanation(String text) {
        this.text = text;
    }

    abstract boolean holds(Objdump.Line line, Instruction i, boolean known, String theirs, String ours);

    String text() {
        return text;
    }

    /** The first that holds, or null. */
    static @Nullable Explanation of(Objdump.Line line, Instruction instruction, boolean known, String ours) {
        String theirs = bare(line.text());
        String mine = bare(ours);
        for (Explanation explanation : values()) {
            if (explanation.holds(line, instruction, known, theirs, mine)) {
                return explanation;
            }
        }
        return null;
    }

    /** Without prefix words, and without the segment of a memory operand that has none in effect. */
    private static String bare(String text) {
        return Objdump.normal(PREFIX_WORDS.matcher(text + " ").replaceFirst("").trim());
    }

    private static Set<Byte> prefixed() {
        Set<Byte> bytes = new HashSet<>();
        for (int b : new int[] {0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65}) {
            bytes.add((byte) b);
        }
        for (int rex = 0x40; rex < 0x50; rex++) {
            bytes.add((byte) rex);
        }
        return bytes;
    }

    private static String unsized(String text) {
        return text.replaceAll("[A-Z]+ PTR ", "");
    }

    private static String stem(String text) {
        int space = text.indexOf(' ');
        String mnemonic = space < 0 ? text : text.substring(0, space);
        String rest = space < 0 ? "" : text.substring(space);
        return mnemonic.replaceFirst("(?:w|d|q|ad|aw)$", "").replaceFirst("a$", "") + rest;
    }

    private static String plain(String text) {
        return text.replace("movabs", "mov")
                .replaceFirst("\\b[c-gs]s:\\[", "[")
                .replace("(8087 only)", "(8087")
                .replaceAll("\\(287 only\\)", "(287")
                .replace("frstpm(287", "(bad)");
    }

    private static boolean isBranch(String theirs, String ours) {
        return theirs.matches("(?:j[a-z]+|call|loop[a-z]*|xbegin) 0x[0-9a-f]+")
                && theirs.split(" ")[0].equals(ours.split(" ")[0]);
    }
}
