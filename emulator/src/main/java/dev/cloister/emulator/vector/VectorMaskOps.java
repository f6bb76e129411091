package dev.cloister.emulator.vector;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;

/** Moves of those elements only whose mask has its highest bit set, and gathers: what isn't moved cannot fault. */
final class VectorMaskOps {
    private VectorMaskOps() {}

    static void register(HandlerRegistry table) {
        table.put((x, i) -> move(x, i, 32), "vmaskmovps", "vpmaskmovd");
        table.put((x, i) -> move(x, i, 64), "vmaskmovpd", "vpmaskmovq");
        table.put(VectorMaskOps::moveBytes, "maskmovq", "maskmovdqu", "vmaskmovdqu");
        table.put((x, i) -> gather(x, i, 32, 32), "vpgatherdd", "vgatherdps");
        table.put((x, i) -> gather(x, i, 32, 64), "vpgatherdq", "vgatherdpd");
        table.put((x, i) -> gather(x, i, 64, 32), "vpgatherqd", "vgatherqps");
        table.put((x, i) -> gather(x, i, 64, 64), "vpgatherqq", "vgatherqpd");
    }

    private static boolean isSet(long[] mask, int n, int bits) {
        return Lanes.getSigned(mask, n, bits) < 0;
    }

    private static void move(Execution x, Instruction i, int bits) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        int bytes = bits / 8;
        int count = (i.kinds[1] == OperandKind.YMM ? 256 : 128) / bits;
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        checkSegment(x, i, at, bits, count);
        if (i.kinds[0] == OperandKind.MEMORY) {
            VectorUnit.load(x, i, 2, x.a);
            probe(x, i, at, bits, count);
            for (int n = 0; n < count; n++) {
                if (isSet(x.b, n, bits)) {
                    write(x, segment, at + n * bytes & addressMask(i), bytes, Lanes.get(x.a, n, bits));
                }
            }
            return;
        }
        for (int n = 0; n < count; n++) {
            boolean set = isSet(x.b, n, bits);
            Lanes.put(x.r, n, bits, set ? read(x, segment, at + n * bytes & addressMask(i), bytes) : 0);
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    /** Every element to be moved must lie within the segment, or be canonical, before any is looked for in the page tables. */
    private static void checkSegment(Execution x, Instruction i, long at, int bits, int count) {
        int access = i.kinds[0] == OperandKind.MEMORY ? LinearMemory.WRITE : 0;
        for (int n = 0; n < count; n++) {
            if (isSet(x.b, n, bits)) {
                linear(x, x.segmentOf(i), at + n * (bits / 8) & addressMask(i), bits / 8, access);
            }
        }
    }

    /** By the first and last byte, because elements aren't checked for alignment. */
    private static long linear(Execution x, int segment, long at, int bytes, int access) {
        x.segmentation.linear(segment, at + bytes - 1, 1, access);
        return x.segmentation.linear(segment, at, 1, access);
    }

    private static long read(Execution x, int segment, long at, int bytes) {
        return x.segmentation.readAt(linear(x, segment, at, bytes, 0), bytes, 0);
    }

    private static void write(Execution x, int segment, long at, int bytes, long value) {
        x.segmentation.writeAt(linear(x, segment, at, bytes, LinearMemory.WRITE), bytes, value);
    }

    /** An operand at a 16-bit address doesn't wrap at 64 KiB but goes on, or beyond the segment's limit. */
    private static long addressMask(Instruction i) {
        return Execution.mask(Math.max(4, i.addressSize));
    }

    /**
     * Nothing is written unless everything can be. All lies between the first and the last byte to be moved, on two pages at most; real
     * processors look for the page of the first, and name the last in CR2 where it is the second that faults.
     */
    private static void probe(Execution x, Instruction i, long at, int bits, int count) {
        int bytes = bits / 8;
        int first = count;
        int last = -1;
        for (int n = 0; n < count; n++) {
            if (isSet(x.b, n, bits)) {
                first = Math.min(first, n);
                last = n;
            }
        }
        if (last >= 0) {
            int segment = x.segmentOf(i);
            long mask = addressMask(i);
            x.segmentation.probe(segment, at + first * bytes & mask, 1, LinearMemory.WRITE);
            x.segmentation.probe(segment, at + (last + 1) * bytes - 1 & mask, 1, LinearMemory.WRITE);
        }
    }

    private static void moveBytes(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 0, x.a);
        VectorUnit.load(x, i, 1, x.b);
        int segment = i.segmentPrefix >= 0 ? i.segmentPrefix : CpuState.DS;
        long at = x.register(CpuState.RDI, i.addressSize);
        int count = i.kinds[0] == OperandKind.MMX ? 8 : 16;
        // Real processors have left the x87 state behind also where the store then faults.
        VectorUnit.enterMmx(x, i);
        // Unlike VMASKMOV these check all bytes, whatever the mask; the manual leaves that to the processor.
        for (int half = count - 8; half >= 0; half -= 8) {
            long part = at + half & addressMask(i);
            x.segmentation.checkAlignment(x.segmentation.linear(segment, part, 8, LinearMemory.WRITE), 8);
        }
        for (int half = count - 8; half >= 0; half -= 8) {
            x.segmentation.probe(segment, at + half & addressMask(i), 8, LinearMemory.WRITE);
        }
        for (int n = 0; n < count; n++) {
            if (isSet(x.b, n, 8)) {
                x.write(segment, at + n & addressMask(i), 1, Lanes.get(x.a, n, 8));
            }
        }
    }

    /**
     * Elements are completed in order, and each clears its mask: after a fault the instruction goes on where it stopped (Intel SDM
     * vol. 2, VPGATHERDD). The three registers must differ, and a SIB byte must name the index.
     */
    private static void gather(Execution x, Instruction i, int indexBits, int bits) {
        boolean distinct = i.registers[0] != i.registers[2] && i.registers[0] != i.index && i.registers[2] != i.index;
        if (!i.hasSib || !distinct) {
            throw x.fault(CpuException.UD);
        }
        VectorUnit.check(x, i);
        whole(x, i.registers[0], x.r);
        whole(x, i.registers[2], x.b);
        whole(x, i.index, x.a);
        int width = i.vectorLength == 0 ? 128 : 256;
        int count = width / Math.max(indexBits, bits);
        normalizeMask(x, bits);
        int before = remaining(x, bits);
        try {
            for (int n = 0; n < count; n++) {
                gatherOne(x, i, n, indexBits, bits);
            }
        } catch (CpuException e) {
            putGathered(x, i, width, remaining(x, bits) != before);
            throw e;
        }
        putGathered(x, i, Math.min(count * bits, width), true);
    }

    private static void gatherOne(Execution x, Instruction i, int n, int indexBits, int bits) {
        if (isSet(x.b, n, bits)) {
            long at = gatherBase(x, i) + (Lanes.getSigned(x.a, n, indexBits) << i.scale) & addressMask(i);
            Lanes.put(x.r, n, bits, read(x, x.segmentOf(i), at, bits / 8));
            Lanes.put(x.b, n, bits, 0);
        }
    }

    /** How many elements still have their mask. */
    private static int remaining(Execution x, int bits) {
        int count = 0;
        for (int k = 0; k < 4; k++) {
            count += Long.bitCount(x.b[k] & Lanes.tops(bits));
        }
        return count;
    }

    /** Beyond the bits to keep both destinations become zero; before the first element arrived real processors leave one alone. */
    private static void putGathered(Execution x, Instruction i, int kept, boolean progress) {
        for (int at = kept; at < 256; at += 32) {
            Lanes.put(x.r, at / 32, 32, 0);
            Lanes.put(x.b, at / 32, 32, 0);
        }
        if (progress) {
            putWhole(x, i.registers[0], x.r);
        }
        putWhole(x, i.registers[2], x.b);
    }

    private static void whole(Execution x, int register, long[] lanes) {
        for (int k = 0; k < 4; k++) {
            lanes[k] = x.state.extended().lane(register, k);
        }
    }

    private static void putWhole(Execution x, int register, long[] lanes) {
        for (int k = 0; k < 4; k++) {
            x.state.extended().setLane(register, k, lanes[k]);
        }
    }

    private static void normalizeMask(Execution x, int bits) {
        for (int k = 0; k < 4; k++) {
            x.b[k] = Lanes.spread(x.b[k], bits);
        }
    }

    private static long gatherBase(Execution x, Instruction i) {
        return i.displacement + (i.base >= 0 ? x.state.gprs()[i.base] : 0);
    }
}
