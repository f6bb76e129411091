package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/** Bit tests, scans and counts, BMI1, BMI2, CRC32C and the two-carry additions. */
public final class BitOps {
    /** CRC32C's polynomial, bit-reflected. */
    private static final int CRC32C = 0x82F63B78;

    private BitOps() {}

    public static void register(HandlerRegistry table) {
        table.put((x, i) -> bitTest(x, i, 0), "bt");
        table.put((x, i) -> bitTest(x, i, 1), "bts");
        table.put((x, i) -> bitTest(x, i, 2), "btr");
        table.put((x, i) -> bitTest(x, i, 3), "btc");
        table.put((x, i) -> scan(x, i, true), "bsf");
        table.put((x, i) -> scan(x, i, false), "bsr");
        table.put((x, i) -> count(x, i, Math.min(Long.numberOfTrailingZeros(x.get(i, 1)), 8 * i.sizes[0])), "tzcnt");
        table.put((x, i) -> count(x, i, Long.numberOfLeadingZeros(x.get(i, 1)) - 64 + 8 * i.sizes[0]), "lzcnt");
        table.put(BitOps::popcnt, "popcnt");
        table.put((x, i) -> bmi(x, i, 0, ~x.get(i, 1) & x.get(i, 2), false), "andn");
        table.put(
                (x, i) -> {
                    long v = x.get(i, 1);
                    bmi(x, i, 0, v & v - 1, v == 0);
                },
                "blsr");
        table.put(
                (x, i) -> {
                    long v = x.get(i, 1);
                    bmi(x, i, 0, v ^ v - 1, v == 0);
                },
                "blsmsk");
        table.put(
                (x, i) -> {
                    long v = x.get(i, 1);
                    bmi(x, i, 0, v & -v, v != 0);
                },
                "blsi");
        table.put(BitOps::bzhi, "bzhi");
        table.put(BitOps::bextr, "bextr");
        table.put((x, i) -> x.set(i, 0, Long.expand(x.get(i, 1), x.get(i, 2))), "pdep");
        table.put((x, i) -> x.set(i, 0, Long.compress(x.get(i, 1), x.get(i, 2))), "pext");
        table.put(BitOps::crc32, "crc32");
        table.put((x, i) -> addCarry(x, i, Flags.CF), "adcx");
        table.put((x, i) -> addCarry(x, i, Flags.OF), "adox");
    }

    private static long change(long value, long bit, int operation) {
        return switch (operation) {
            case 1 -> value | bit;
            case 2 -> value & ~bit;
            default -> value ^ bit;
        };
    }

    /** A register bit offset with a memory operand reaches beyond the operand (SDM vol. 2, BT). */
    private static void bitTest(Execution x, Instruction i, int operation) {
        int size = i.sizes[0];
        int width = 8 * size;
        long offset = x.get(i, 1);
        int access = operation == 0 ? 0 : LinearMemory.WRITE;
        boolean far = i.kinds[0] == OperandKind.MEMORY && i.kinds[1] == OperandKind.GENERAL;
        long bit = 1L << (offset & width - 1);
        long at = 0;
        long value;
        if (far) {
            long units = Execution.signExtend(offset, size) >> 3 & -size;
            at = x.effective(i) + units & Execution.mask(i.addressSize);
            value = x.read(x.segmentOf(i), at, size, access);
        } else {
            value = operation == 0 ? x.get(i, 0) : x.getForWrite(i, 0);
        }
        if (operation != 0) {
            long changed = change(value, bit, operation);
            if (far) {
                x.write(x.segmentOf(i), at, size, changed);
            } else {
                x.set(i, 0, changed);
            }
        }
        Alu.setFlag(x.state, Flags.CF, (value & bit) != 0);
    }

    private static void scan(Execution x, Instruction i, boolean forward) {
        long value = x.get(i, 1);
        Alu.setFlag(x.state, Flags.ZF, value == 0);
        if (value != 0) {
            x.set(i, 0, forward ? Long.numberOfTrailingZeros(value) : 63 - Long.numberOfLeadingZeros(value));
        }
    }

    private static void count(Execution x, Instruction i, int count) {
        Alu.setFlag(x.state, Flags.CF, count == 8 * i.sizes[0]);
        Alu.setFlag(x.state, Flags.ZF, count == 0);
        x.set(i, 0, count);
    }

    private static void popcnt(Execution x, Instruction i) {
        int count = Long.bitCount(x.get(i, 1));
        x.state.setRflags(x.state.rflags() & ~Flags.STATUS | (count == 0 ? Flags.ZF : 0));
        x.set(i, 0, count);
    }

    private static void bmi(Execution x, Instruction i, int to, long value, boolean carry) {
        int size = i.sizes[0];
        x.set(i, to, value);
        long flags = Alu.resultFlags(value, size) & ~Flags.PF | (carry ? Flags.CF : 0);
        x.state.setRflags(x.state.rflags() & ~Flags.STATUS | flags);
    }

    private static void bzhi(Execution x, Instruction i) {
        int width = 8 * i.sizes[0];
        int index = (int) x.get(i, 2) & 0xFF;
        long value = x.get(i, 1);
        bmi(x, i, 0, index < width ? value & (1L << index) - 1 : value, index >= width);
    }

    private static void bextr(Execution x, Instruction i) {
        long control = x.get(i, 2);
        int start = (int) control & 0xFF;
        int length = (int) (control >> 8) & 0xFF;
        long whole = x.get(i, 1);
        long value = start < 64 ? whole >>> start : 0;
        bmi(x, i, 0, length < 64 ? value & (1L << length) - 1 : value, false);
    }

    private static void crc32(Execution x, Instruction i) {
        long value = x.get(i, 1);
        int crc = (int) x.get(i, 0);
        for (int bit = 0; bit < 8 * i.sizes[1]; bit++) {
            int one = (crc ^ (int) (value >>> bit)) & 1;
            crc = crc >>> 1 ^ (one == 0 ? 0 : CRC32C);
        }
        x.set(i, 0, crc & 0xFFFFFFFFL);
    }

    private static void addCarry(Execution x, Instruction i, long flag) {
        int size = i.sizes[0];
        long a = x.get(i, 0);
        long b = x.get(i, 1);
        long r = a + b + (x.state.flag(flag) ? 1 : 0) & Execution.mask(size);
        long carries = a & b | (a | b) & ~r;
        x.set(i, 0, r);
        Alu.setFlag(x.state, flag, (carries & Alu.signBit(size)) != 0);
    }
}
