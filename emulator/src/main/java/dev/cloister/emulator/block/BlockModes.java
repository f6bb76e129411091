package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import java.util.ArrayList;
import java.util.List;

/** The modes that one processor has been in; bounded, because a guest may make up segment limits without end. */
final class BlockModes {
    private static final int MOST = 64;

    private final List<BlockMode> modes = new ArrayList<>();

    /** The mode of the present registers; the same object for the same facts until the list was full. */
    BlockMode of(CpuState state, CpuMode mode, int cpl, BlockMode present) {
        long key = BlockMode.key(state, mode, cpl);
        if (present.key == key) {
            return present;
        }
        for (int n = 0; n < modes.size(); n++) {
            if (modes.get(n).key == key) {
                return modes.get(n);
            }
        }
        if (modes.size() == MOST) {
            modes.clear();
        }
        BlockMode added = new BlockMode(mode, key, key);
        modes.add(added);
        return added;
    }
}
