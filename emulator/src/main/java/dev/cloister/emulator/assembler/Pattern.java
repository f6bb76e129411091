package dev.cloister.emulator.assembler;

import java.util.HashMap;
import java.util.Map;

/**
 * What an operand of a table row accepts, and where the encoding puts it.
 *
 * @param name as in the table
 * @param role where it goes
 * @param bits its width, 0 where that means nothing
 * @param sizesMemory true where its presence tells the size of a memory operand beside it
 * @param test whether an operand fits
 */
record Pattern(String name, Role role, int bits, boolean sizesMemory, Test test) {
    /** Where the encoding puts an operand. */
    enum Role {
        /** ModRM.reg. */
        REG,
        /** ModRM.rm, a register or memory. */
        RM,
        /** Low three bits of the opcode. */
        OPCODE,
        /** After ModRM, or a bare address. */
        VALUE,
        /** Nowhere: the opcode implies it. */
        IMPLIED
    }

    /** Whether an operand fits; {@code sized} says that another operand of the row fixes the size of unsized memory to this one's. */
    @FunctionalInterface
    interface Test {
        boolean accepts(Operand operand, boolean sized, MatchContext context);
    }

    private static final Map<String, Pattern> BY_NAME = build();

    /** Returns the pattern of that name, or null. */
    static Pattern find(String name) {
        return BY_NAME.get(name);
    }

    private static Map<String, Pattern> build() {
        Map<String, Pattern> map = new HashMap<>();
        for (int bits : new int[] {8, 16, 32, 64}) {
            general(map, bits);
            memory(map, bits);
            immediate(map, bits);
        }
        memory(map, 80);
        memory(map, 128);
        put(map, "m", Role.RM, 0, (o, _, _) -> o instanceof Operand.Mem);
        put(map, "x", Role.REG, 128, (o, _, _) -> isKind(o, Register.Kind.XMM));
        put(map, "xn", Role.RM, 128, (o, _, _) -> isKind(o, Register.Kind.XMM));
        put(map, "sreg", Role.REG, 16, (o, _, _) -> isKind(o, Register.Kind.SEGMENT));
        put(map, "cr", Role.REG, 0, (o, _, _) -> isKind(o, Register.Kind.CONTROL));
        put(map, "dr", Role.REG, 0, (o, _, _) -> isKind(o, Register.Kind.DEBUG));
        put(map, "st", Role.OPCODE, 80, (o, _, _) -> isKind(o, Register.Kind.X87));
        put(map, "1", Role.IMPLIED, 0, (o, _, c) -> o instanceof Operand.Imm imm && c.isOne(imm));
        for (String name : "al ax eax rax cl dx es cs ss ds fs gs st0".split(" ")) {
            fixed(map, name);
        }
        targets(map);
        return Map.copyOf(map);
    }

    private static void put(Map<String, Pattern> map, String name, Role role, int bits, Test test) {
        map.put(name, new Pattern(name, role, bits, false, test));
    }

    private static boolean isKind(Operand operand, Register.Kind kind) {
        return operand instanceof Operand.Reg reg && reg.register().kind() == kind;
    }

    private static boolean isGeneral(Operand operand, int bits) {
        return operand instanceof Operand.Reg reg && reg.register().isGeneral(bits);
    }

    private static boolean isMemory(Operand operand, int bits, boolean orUnsized) {
        return operand instanceof Operand.Mem mem && !mem.far() && (mem.size() == bits || orUnsized && mem.size() == 0);
    }

    private static void fixed(Map<String, Pattern> map, String name) {
        Register register = Register.find(name);
        boolean sizes = name.endsWith("a" + "x") || name.equals("al");
        Test test = (o, _, _) -> o instanceof Operand.Reg reg && reg.register().equals(register);
        map.put(name, new Pattern(name, Role.IMPLIED, register.bits(), sizes, test));
    }

    private static void general(Map<String, Pattern> map, int bits) {
        map.put("r" + bits, new Pattern("r" + bits, Role.REG, bits, true, (o, _, _) -> isGeneral(o, bits)));
        put(map, "o" + bits, Role.OPCODE, bits, (o, _, _) -> isGeneral(o, bits));
        put(map, "n" + bits, Role.RM, bits, (o, _, _) -> isGeneral(o, bits));
        put(map, "rm" + bits, Role.RM, bits, (o, sized, _) -> isGeneral(o, bits) || isMemory(o, bits, sized));
        put(map, "rm" + bits + "*", Role.RM, bits, (o, _, _) -> isGeneral(o, bits) || isMemory(o, bits, true));
    }

    private static void memory(Map<String, Pattern> map, int bits) {
        put(map, "m" + bits, Role.RM, bits, (o, _, _) -> isMemory(o, bits, true));
        put(map, "s" + bits, Role.RM, bits, (o, _, _) -> isMemory(o, bits, false));
        put(map, "xm" + bits, Role.RM, bits, (o, _, _) -> isKind(o, Register.Kind.XMM) || isMemory(o, bits, true));
        put(map, "moffs" + bits, Role.VALUE, bits, (o, _, c) -> isMemory(o, bits, true) && c.isBare((Operand.Mem) o));
        put(
                map,
                "mfar" + bits,
                Role.RM,
                bits,
                (o, _, _) -> o instanceof Operand.Mem mem && mem.far() && mem.size() == bits);
    }

    private static void immediate(Map<String, Pattern> map, int bits) {
        String letter = Map.of(8, "b", 16, "w", 32, "d", 64, "q").get(bits);
        put(map, "i" + letter, Role.VALUE, bits, (o, _, c) -> o instanceof Operand.Imm imm && c.fits(imm, bits));
        put(map, "ibs" + bits, Role.VALUE, 8, (o, _, c) -> o instanceof Operand.Imm imm && c.fitsSignedByte(imm, bits));
    }

    private static void targets(Map<String, Pattern> map) {
        put(map, "ids", Role.VALUE, 32, (o, _, c) -> o instanceof Operand.Imm imm && c.fitsSigned32(imm, false));
        put(map, "idf", Role.VALUE, 32, (o, _, c) -> o instanceof Operand.Imm imm && c.fitsSigned32(imm, true));
        put(map, "rel8", Role.VALUE, 8, (o, _, c) -> o instanceof Operand.Imm imm && c.mayBeShort(imm));
        put(
                map,
                "rel",
                Role.VALUE,
                32,
                (o, _, _) -> o instanceof Operand.Imm imm && imm.reach() != Operand.Reach.SHORT);
        put(map, "ptr", Role.VALUE, 0, (o, _, _) -> o instanceof Operand.Far far && far.size() == 0);
        put(map, "ptr16", Role.VALUE, 16, (o, _, _) -> o instanceof Operand.Far far && far.size() == 16);
        put(map, "ptr32", Role.VALUE, 32, (o, _, _) -> o instanceof Operand.Far far && far.size() == 32);
        put(map, "mfar", Role.RM, 0, (o, _, _) -> o instanceof Operand.Mem mem && mem.far() && mem.size() == 0);
    }
}
