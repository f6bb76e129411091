package dev.cloister.emulator;

import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.softfloat.FloatFormat;
import dev.cloister.emulator.softfloat.Operands;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;

/** Random x87 states and instructions, as x87.c reads them. */
final class X87Cases {
    /** What lies in memory. */
    enum Memory {
        NONE,
        F32,
        F64,
        F80,
        I16,
        I32,
        I64,
        DECIMAL,
        CONTROL,
        ENVIRONMENT
    }

    /** How ST0 and ST1 are drawn. */
    enum Range {
        ANY,
        /** Magnitudes where integers are. */
        MODERATE,
        /** Magnitudes from 2^-68 to 8, random significands. */
        SMALL
    }

    record Form(String name, String code, Memory memory, Range range) {
        boolean isTranscendental() {
            return name.matches("(f2xm1|fyl2x|fyl2xp1|fptan|fpatan|fsin|fcos|fsincos)(_.*)?");
        }
    }

    static final List<Form> FORMS = forms();

    private final Operands operands;
    private final Random random;

    X87Cases(long seed) {
        operands = new Operands(seed);
        random = operands.random();
    }

    private static List<Form> forms() {
        List<Form> list = new ArrayList<>();
        String[] names = {"fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"};
        for (int n = 0; n < 8; n++) {
            memory(list, names[n] + "_m32", 0xD8, n, Memory.F32);
            memory(list, names[n] + "_m64", 0xDC, n, Memory.F64);
            memory(list, names[n] + "_i32", 0xDA, n, Memory.I32);
            memory(list, names[n] + "_i16", 0xDE, n, Memory.I16);
            registers(list, names[n] + "_st0_sti", 0xD8, n);
            registers(list, names[n] + "_sti_st0", 0xDC, n);
            if (n == 3) {
                one(list, "fcompp", "ded9");
            } else {
                registers(list, names[n] + "p", 0xDE, n);
            }
        }
        loads(list);
        singles(list);
        stack(list);
        control(list);
        return list;
    }

    private static void loads(List<Form> list) {
        memory(list, "fld_m32", 0xD9, 0, Memory.F32);
        memory(list, "fst_m32", 0xD9, 2, Memory.F32);
        memory(list, "fstp_m32", 0xD9, 3, Memory.F32);
        memory(list, "fld_m64", 0xDD, 0, Memory.F64);
        memory(list, "fst_m64", 0xDD, 2, Memory.F64);
        memory(list, "fstp_m64", 0xDD, 3, Memory.F64);
        memory(list, "fld_m80", 0xDB, 5, Memory.F80);
        memory(list, "fstp_m80", 0xDB, 7, Memory.F80);
        memory(list, "fild_i16", 0xDF, 0, Memory.I16);
        memory(list, "fild_i32", 0xDB, 0, Memory.I32);
        memory(list, "fild_i64", 0xDF, 5, Memory.I64);
        int[][] stores = {{0xDF, 1}, {0xDF, 2}, {0xDF, 3}, {0xDB, 1}, {0xDB, 2}, {0xDB, 3}, {0xDD, 1}, {0xDF, 7}};
        for (int[] store : stores) {
            Form form = memoryForm("fist_%x_%d".formatted(store[0], store[1]), store[0], store[1], Memory.I64);
            list.add(form);
            list.add(new Form(form.name() + "_moderate", form.code(), Memory.I64, Range.MODERATE));
        }
        memory(list, "fbld", 0xDF, 4, Memory.DECIMAL);
        memory(list, "fbstp", 0xDF, 6, Memory.DECIMAL);
        list.add(new Form("fbstp_moderate", "df36", Memory.DECIMAL, Range.MODERATE));
    }

    private static void singles(List<Form> list) {
        String[] names = {
            "fchs", "fabs", "", "", "ftst", "fxam", "", "", "fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2",
            "fldz", "", "f2xm1", "fyl2x", "fptan", "fpatan", "fxtract", "fprem1", "fdecstp", "fincstp", "fprem",
            "fyl2xp1", "fsqrt", "fsincos", "frndint", "fscale", "fsin", "fcos"
        };
        for (int n = 0; n < names.length; n++) {
            if (!names[n].isEmpty()) {
                String code = "d9" + Integer.toHexString(0xE0 + n);
                list.add(new Form(names[n], code, Memory.NONE, Range.ANY));
                list.add(new Form(names[n] + "_moderate", code, Memory.NONE, Range.MODERATE));
                list.add(new Form(names[n] + "_small", code, Memory.NONE, Range.SMALL));
            }
        }
    }

    private static void stack(List<Form> list) {
        int[][] groups = {
            {0xD9, 0}, {0xD9, 1}, {0xD9, 3}, {0xDA, 0}, {0xDA, 1}, {0xDA, 2}, {0xDA, 3}, {0xDB, 0}, {0xDB, 1},
            {0xDB, 2}, {0xDB, 3}, {0xDB, 5}, {0xDB, 6}, {0xDD, 0}, {0xDD, 1}, {0xDD, 2}, {0xDD, 3}, {0xDD, 4},
            {0xDD, 5}, {0xDF, 0}, {0xDF, 1}, {0xDF, 2}, {0xDF, 3}, {0xDF, 5}, {0xDF, 6}
        };
        for (int[] group : groups) {
            registers(list, "register_%x_%d".formatted(group[0], group[1]), group[0], group[1]);
        }
        one(list, "fucompp", "dae9");
        one(list, "fnop", "d9d0");
    }

    private static void control(List<Form> list) {
        memory(list, "fldcw", 0xD9, 5, Memory.CONTROL);
        memory(list, "fnstcw", 0xD9, 7, Memory.I64);
        memory(list, "fnstsw", 0xDD, 7, Memory.I64);
        memory(list, "fnstenv", 0xD9, 6, Memory.I64);
        memory(list, "fldenv", 0xD9, 4, Memory.ENVIRONMENT);
        memory(list, "fnsave", 0xDD, 6, Memory.I64);
        memory(list, "frstor", 0xDD, 4, Memory.ENVIRONMENT);
        list.add(new Form("fnstenv16", "66d936", Memory.I64, Range.ANY));
        list.add(new Form("fnsave16", "66dd36", Memory.I64, Range.ANY));
        list.add(new Form("fldenv16", "66d926", Memory.ENVIRONMENT, Range.ANY));
        list.add(new Form("frstor16", "66dd26", Memory.ENVIRONMENT, Range.ANY));
        one(list, "fnclex", "dbe2");
        one(list, "fninit", "dbe3");
        one(list, "fneni", "dbe0");
        one(list, "fnsetpm", "dbe4");
        one(list, "fnstsw_ax", "dfe0");
        one(list, "emms", "0f77");
        one(list, "fwait", "9b");
        one(list, "movq_mm", "0f6fc1");
        one(list, "paddb_mm", "0ffcca");
    }

    private static void one(List<Form> list, String name, String code) {
        list.add(new Form(name, code, Memory.NONE, Range.ANY));
    }

    private static Form memoryForm(String name, int opcode, int reg, Memory memory) {
        return new Form(name, "%02x%02x".formatted(opcode, reg << 3 | 6), memory, Range.ANY);
    }

    private static void memory(List<Form> list, String name, int opcode, int reg, Memory memory) {
        list.add(memoryForm(name, opcode, reg, memory));
    }

    private static void registers(List<Form> list, String name, int opcode, int reg) {
        for (int st : new int[] {0, 1, 5}) {
            one(list, name + "_" + st, "%02x%02x".formatted(opcode, 0xC0 | reg << 3 | st));
        }
    }

    static String extended(ByteBuffer from, int at) {
        return "%04x:%016x".formatted(from.getShort(at + 8) & 0xFFFF, from.getLong(at));
    }

    /** How many representable numbers two numbers of 80 bits are apart; large where they have different signs. */
    static long distance(ByteBuffer a, int at, ByteBuffer b, int bt) {
        int exponent = a.getShort(at + 8) - b.getShort(bt + 8);
        long difference = a.getLong(at) - b.getLong(bt);
        if (exponent == 0) {
            return difference == Long.MIN_VALUE ? Long.MAX_VALUE : Math.abs(difference);
        }
        boolean next = exponent == 1 && a.getLong(at) == Long.MIN_VALUE && b.getLong(bt) == -1;
        boolean previous = exponent == -1 && b.getLong(bt) == Long.MIN_VALUE && a.getLong(at) == -1;
        return next || previous ? 1 : Long.MAX_VALUE;
    }

    /** Appends a record. */
    void put(ByteBuffer out, Form form) {
        int start = out.position();
        int control = random.nextInt(3) == 0 ? random.nextInt(64) : 63;
        control |= 0x40 | random.nextInt(4) << 10;
        control |= new int[] {0, 2, 3, 3}[random.nextInt(4)] << 8 | (random.nextInt(8) == 0 ? 0x1000 : 0);
        int status = random.nextInt(8) << 11 | random.nextInt(0x10000) & 0x4700;
        status |= random.nextInt(3) == 0 ? random.nextInt(0x80) : 0;
        if ((status & ~control & 63) != 0) {
            if (random.nextInt(8) == 0) {
                status |= 0x8080;
            } else {
                status &= ~63;
            }
        }
        int some = random.nextInt(256);
        int more = random.nextInt(256);
        int tags = random.nextInt(2) == 0 ? 0xFF : some | more;
        if (random.nextInt(3) == 0) {
            int top = status >> 11;
            tags = (tags | 3 << (top & 7) | 3 >> 8 - (top & 7)) & ~(1 << (top + 7 & 7));
        }
        out.putShort((short) control).putShort((short) status).put((byte) tags).put((byte) 0);
        out.putShort((short) random.nextInt(0x800)).putLong(random.nextInt() & 0xFFFFFFFFL);
        out.putLong(random.nextInt() & 0xFFFFFFFFL).putLong(0x0000FFFF00001F80L);
        for (int st = 0; st < 8; st++) {
            register(out, form.range());
        }
        byte[] code = HexFormat.of().parseHex(form.code());
        out.put((byte) code.length).put(code).position(start + 160 + 16);
        memory(out, form.memory());
        out.position(start + 160 + 16 + 128);
        out.putLong(2 | random.nextLong() & Flags.STATUS);
    }

    private void register(ByteBuffer out, Range range) {
        if (range == Range.SMALL) {
            out.putLong(random.nextLong() | Long.MIN_VALUE);
            int spread = random.nextBoolean() ? 4 : 68;
            out.putLong(0x3FFF + 3 - random.nextInt(spread) | (random.nextBoolean() ? 0x8000 : 0));
        } else if (range == Range.MODERATE && random.nextInt(8) != 0) {
            out.putLong(operands.significand80() | Long.MIN_VALUE);
            out.putLong(0x3FFF + random.nextInt(80) - 8 | (random.nextBoolean() ? 0x8000 : 0));
        } else {
            int signExponent = operands.signExponent80();
            long significand = operands.significand80();
            boolean subnormal = (signExponent & 0x7FFF) == 0 && random.nextInt(4) != 0;
            out.putLong(subnormal ? significand >>> random.nextInt(64) & Long.MAX_VALUE : significand);
            out.putLong(signExponent);
        }
    }

    private void memory(ByteBuffer out, Memory kind) {
        switch (kind) {
            case F32 -> out.putInt((int) operands.next(FloatFormat.F32));
            case F64 -> out.putLong(operands.next(FloatFormat.F64));
            case F80 -> {
                out.putLong(operands.significand80());
                out.putShort((short) operands.signExponent80());
            }
            case I16, I32, I64 -> out.putLong(operands.integer());
            case DECIMAL -> {
                for (int n = 0; n < 9; n++) {
                    out.put((byte) (random.nextInt(10) << 4 | random.nextInt(10)));
                }
                out.put((byte) random.nextInt(256));
            }
            case CONTROL -> out.putShort((short) random.nextInt());
            case ENVIRONMENT -> {
                byte[] bytes = new byte[128];
                random.nextBytes(bytes);
                out.put(bytes);
            }
            default -> {
                // Nothing is read.
            }
        }
    }
}
