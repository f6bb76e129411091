package dev.cloister.emulator.block;

import dev.cloister.mmu.CodeWatcher;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of one processor by guest-physical page. Bounded: when it is full, everything goes. Written pages lose their blocks, and a
 * block that is running then stops before its next instruction.
 */
final class BlockCache implements CodeWatcher {
    private static final int FEWEST = 4_096;
    private static final int MOST_OF_ALL = 65_536;
    /** A block takes some 600 bytes; the blocks of all processors shall take no more than a quarter of the heap. */
    private static final long HEAP_FOR_EACH = 4 * 600;

    private static final int BUCKETS = 16_384;
    private static final int SLOTS = 64;
    private static final int PAGE_SHIFT = 12;

    private final @Nullable Page[] buckets = new Page[BUCKETS];
    private int most = most(1);
    private int count;
    private int translations;
    private long dropped;

    /** The blocks of one page, hashed by offset. */
    private static final class Page {
        final long number;
        final @Nullable Block[] slots = new Block[SLOTS];

        @Nullable
        Page next;

        Page(long number, @Nullable Page next) {
            this.number = number;
            this.next = next;
        }
    }

    /** Kills the blocks of a page; returns how many. */
    private int kill(Page page) {
        int killed = 0;
        for (Block block : page.slots) {
            for (Block b = block; b != null; b = b.sibling) {
                translations -= b.kill() ? 1 : 0;
                killed++;
            }
        }
        return killed;
    }

    /** One block more is to be translated: where there are too many, all are to start again. */
    void countTranslation() {
        if (translations == Translator.MOST) {
            for (Page bucket : buckets) {
                for (Page page = bucket; page != null; page = page.next) {
                    forgetTranslations(page);
                }
            }
            translations = 0;
        }
        translations++;
    }

    private static void forgetTranslations(Page page) {
        for (Block block : page.slots) {
            for (Block b = block; b != null; b = b.sibling) {
                b.forgetTranslation();
            }
        }
    }

    /** How many blocks are translated. */
    int translations() {
        return translations;
    }

    private static int bucket(long number) {
        return (int) (number ^ number >>> 12) & BUCKETS - 1;
    }

    private static int slot(long gpa) {
        return (int) (gpa ^ gpa >>> 6) & SLOTS - 1;
    }

    private @Nullable Page page(long number) {
        Page page = buckets[bucket(number)];
        while (page != null && page.number != number) {
            page = page.next;
        }
        return page;
    }

    /** The block that begins at an address and at an offset in CS, decoded for a mode. */
    @Nullable
    Block find(long gpa, long rip, BlockMode mode) {
        Page page = page(gpa >>> PAGE_SHIFT);
        if (page == null) {
            return null;
        }
        Block block = page.slots[slot(gpa)];
        while (block != null && !(block.gpa == gpa && block.rip == rip && block.mode == mode)) {
            block = block.sibling;
        }
        return block;
    }

    /** Blocks that are kept at most where so many processors share the heap: all of a kernel's, where it is large. */
    private static int most(int processors) {
        return (int) Math.clamp(Runtime.getRuntime().maxMemory() / HEAP_FOR_EACH / processors, FEWEST, MOST_OF_ALL);
    }

    /** Says how many processors share the heap. */
    void sharedBy(int processors) {
        most = most(processors);
    }

    /** Keeps a block that {@link #find} didn't find. */
    void add(Block block) {
        if (count >= most) {
            writtenAnywhere();
        }
        count++;
        long number = block.gpa >>> PAGE_SHIFT;
        Page page = page(number);
        if (page == null) {
            page = new Page(number, buckets[bucket(number)]);
            buckets[bucket(number)] = page;
        }
        int slot = slot(block.gpa);
        block.sibling = page.slots[slot];
        page.slots[slot] = block;
    }

    @Override
    public void written(long gpaPage) {
        long number = gpaPage >>> PAGE_SHIFT;
        Page page = page(number);
        if (page == null) {
            return;
        }
        int killed = kill(page);
        count -= killed;
        dropped += killed;
        unlink(page);
    }

    private void unlink(Page gone) {
        int bucket = bucket(gone.number);
        Page before = buckets[bucket];
        if (before == gone) {
            buckets[bucket] = gone.next;
            return;
        }
        while (before != null && before.next != gone) {
            before = before.next;
        }
        if (before != null) {
            before.next = gone.next;
        }
    }

    @Override
    public void writtenAnywhere() {
        for (Page bucket : buckets) {
            for (Page page = bucket; page != null; page = page.next) {
                kill(page);
            }
        }
        java.util.Arrays.fill(buckets, null);
        dropped += count;
        count = 0;
    }

    /** How many blocks are kept. */
    int count() {
        return count;
    }

    /** How many blocks were dropped so far. */
    long dropped() {
        return dropped;
    }
}
