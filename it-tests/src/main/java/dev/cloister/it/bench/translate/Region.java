package dev.cloister.it.bench.translate;

import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The basic blocks that direct branches reach from one entry, in the order of their addresses. */
final class Region {
    private static final int BITS = 64;

    private final byte[] code;
    private final SortedMap<Long, List<Instruction>> blocks = new TreeMap<>();

    private Region(byte[] code) {
        this.code = code;
    }

    /** Follows the code from offset 0; an instruction that {@link #isEnd} ends a block without successor. */
    static Region of(byte[] code) {
        Region region = new Region(code);
        region.follow(0);
        return region;
    }

    private void follow(long start) {
        if (blocks.containsKey(start)) {
            return;
        }
        List<Instruction> block = new ArrayList<>();
        blocks.put(start, block);
        long at = start;
        Instruction last;
        do {
            last = decode(at);
            block.add(last);
            at += last.length();
        } while (!isBranch(last) && !isEnd(last));
        if (isBranch(last)) {
            follow(target(last));
            if (!last.mnemonic().equals("jmp")) {
                follow(at);
            }
        }
    }

    private Instruction decode(long at) {
        Instruction i = new Instruction();
        int offset = (int) at;
        if (new Decoder().decode(code, offset, code.length - offset, BITS, at, i) != DecodeResult.OK) {
            throw new IllegalStateException("no instruction at " + at);
        }
        return i;
    }

    static boolean isBranch(Instruction i) {
        return i.operandCount() == 1 && i.operandKind(0) == OperandKind.RELATIVE;
    }

    static boolean isEnd(Instruction i) {
        return i.mnemonic().equals("ud2");
    }

    static long target(Instruction i) {
        return i.address() + i.length() + i.immediate();
    }

    SortedMap<Long, List<Instruction>> blocks() {
        return blocks;
    }
}
