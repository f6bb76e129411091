package dev.cloister.emulator.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** How many blocks a processor keeps. */
class BlockCacheTest {
    private static final int FEWEST = 4096;
    private static final int STRIDE = 16;

    private static final Op END = new Op(new Operands()) {
        @Override
        void execute(BlockContext c) {
            throw new IllegalStateException("no block of this test is run");
        }
    };

    private static Block block(int number) {
        long at = (long) number * STRIDE;
        BlockDraft draft = new BlockDraft(at, at, BlockMode.NONE);
        draft.finish(END, 0, 0);
        return new Block(draft);
    }

    /** How many are there together, at most, where many are added. */
    private static int kept(BlockCache cache) {
        int number = 0;
        cache.add(block(number));
        while (cache.find(0, 0, BlockMode.NONE) != null) {
            number++;
            cache.add(block(number));
        }
        return number;
    }

    @Test
    void keepsSoManyFewerAsMoreProcessorsShareTheHeapAndNeverTooFew() {
        BlockCache alone = new BlockCache();
        BlockCache shared = new BlockCache();
        shared.sharedBy(4);
        BlockCache crowded = new BlockCache();
        crowded.sharedBy(Integer.MAX_VALUE);
        int all = (int) Math.clamp(Runtime.getRuntime().maxMemory() / 2400, FEWEST, 65_536);
        int quarter = (int) Math.clamp(Runtime.getRuntime().maxMemory() / 9600, FEWEST, 65_536);
        assertThat(kept(alone)).isEqualTo(all);
        assertThat(kept(shared)).isEqualTo(quarter);
        assertThat(kept(crowded)).isEqualTo(FEWEST);
    }
}
