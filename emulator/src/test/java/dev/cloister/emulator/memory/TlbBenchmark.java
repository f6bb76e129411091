package dev.cloister.emulator.memory;

import dev.cloister.mmu.WalkContext;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.function.LongSupplier;

/**
 * What accesses to linear memory cost, in nanoseconds: TLB hits of each kind beside the bare {@link MemorySegment}, misses, and a walk for
 * every access. Run {@link #main} with the test class path.
 */
public final class TlbBenchmark {
    /** Processor time of the thread, so that a busy machine disturbs less. */
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private static final int PAGES = 512;
    private static final int BYTES = PAGES * 4096;
    private static final long BASE = 0x7F00_0000_0000L;
    private static final int ROUNDS = 5;
    private static final int STRIDE = 264;

    private final PagedWorld world = new PagedWorld();
    private final TlbMemory tlb =
            new TlbMemory(world.state, world.memory, world, new WalkContext(46, true), TlbMemory.DEFAULT_ENTRIES);
    private final PagedMemory literal = new PagedMemory(world.state, world.bus(), new WalkContext(46, true));

    private TlbBenchmark() {
        long tables = PagedWorld.TABLES;
        world.memory.writeLong(tables + 8 * (BASE >>> 39 & 511), tables + 0x1000 | 7);
        world.memory.writeLong(tables + 0x1000 + 8 * (BASE >>> 30 & 511), tables + 0x2000 | 7);
        world.memory.writeLong(tables + 0x2000 + 8 * (BASE >>> 21 & 511), tables + 0x3000 | 7);
        for (int page = 0; page < PAGES; page++) {
            world.memory.writeLong(tables + 0x3000 + 8 * page, page * 4096L | 7);
        }
        world.state.setCr0(0x8001_0011L);
        world.state.setCr4(0xA0);
        world.state.setEfer(0xD00);
        world.state.setCr3(tables);
        world.setCpl(3);
        tlb.refresh();
    }

    /** Prints the table; with an argument, after the JVM has seen segments of all kinds. */
    public static void main(String[] arguments) {
        TlbBenchmark bench = new TlbBenchmark();
        System.out.printf("%-58s %8s%n", "nanoseconds for each access", "best");
        if (arguments.length > 0) {
            bench.spoilProfiles();
        }
        bench.hits();
        bench.others();
    }

    /** Accesses to segments of all kinds teach the JIT that any may come anywhere. */
    private void spoilProfiles() {
        MemorySegment[] kinds = {
            MemorySegment.ofArray(new byte[4096]),
            MemorySegment.ofArray(new long[512]),
            MemorySegment.ofArray(new int[1024]),
            world.rom
        };
        VarHandle handle = ValueLayout.JAVA_LONG.varHandle();
        long sum = 0;
        for (int n = 0; n < 2_000_000; n++) {
            MemorySegment kind = kinds[1 + n % 3 % 2 * 2];
            sum += (long) handle.getAcquire(kind, 0L) + kinds[n & 3].get(ValueLayout.JAVA_LONG_UNALIGNED, 8);
        }
        System.out.print(sum == 42 ? "!" : "");
    }

    private void hits() {
        MemorySegment host = world.data;
        measure("bare segment, load 8 bytes, next", BYTES / 8, () -> {
            long sum = 0;
            for (long at = 0; at < BYTES; at += 8) {
                sum += host.get(ValueLayout.JAVA_LONG, at);
            }
            return sum;
        });
        measure("load64, next", BYTES / 8, () -> {
            long sum = 0;
            for (long at = 0; at < BYTES; at += 8) {
                sum += tlb.load64(BASE + at);
            }
            return sum;
        });
        measure("load32, every " + STRIDE + " bytes", BYTES / STRIDE, () -> {
            long sum = 0;
            for (long at = 0; at < BYTES; at += STRIDE) {
                sum += tlb.load32(BASE + at);
            }
            return sum;
        });
        measure("load8, each address from the last value", BYTES / 8, () -> {
            long at = 0;
            for (int n = 0; n < BYTES / 8; n++) {
                at = at + 8 + tlb.load8(BASE + (at & BYTES - 1));
            }
            return at;
        });
        measure("store64, next", BYTES / 8, () -> {
            for (long at = 0; at < BYTES; at += 8) {
                tlb.store64(BASE + at, 0);
            }
            return 0;
        });
        measure("copy by load64 and store64", BYTES / 16, () -> {
            for (long at = 0; at < BYTES / 2; at += 8) {
                tlb.store64(BASE + BYTES / 2 + at, tlb.load64(BASE + at));
            }
            return 0;
        });
        measure("executablePage", PAGES * 16, () -> {
            long sum = 0;
            for (int n = 0; n < PAGES * 16; n++) {
                sum += tlb.executablePage(BASE + n * 256L);
            }
            return sum;
        });
    }

    private void others() {
        measure("load32, unaligned in a page", BYTES / STRIDE, () -> {
            long sum = 0;
            for (long at = 1; at < BYTES; at += STRIDE) {
                sum += tlb.load32(BASE + (at & ~3L) + 1);
            }
            return sum;
        });
        measure("load64, across pages", PAGES - 1, () -> {
            long sum = 0;
            for (int page = 1; page < PAGES; page++) {
                sum += tlb.load64(BASE + page * 4096L - 3);
            }
            return sum;
        });
        measure("read with access bits (step interpreter)", BYTES / 8, () -> {
            long sum = 0;
            for (long at = 0; at < BYTES; at += 8) {
                sum += tlb.read(BASE + at, 8, 4);
            }
            return sum;
        });
        measure("compareAndExchange, 4 bytes", PAGES * 8, () -> {
            long sum = 0;
            for (int n = 0; n < PAGES * 8; n++) {
                sum += tlb.compareAndExchange(BASE + n * 512L, 4, 0, 0, 4);
            }
            return sum;
        });
        measure("miss: CR3 loaded before every page", PAGES, () -> {
            long sum = 0;
            for (int page = 0; page < PAGES; page++) {
                tlb.loadedCr3(false);
                sum += tlb.load64(BASE + page * 4096L);
            }
            return sum;
        });
        measure("a walk for every access", BYTES / 256, () -> {
            long sum = 0;
            for (long at = 0; at < BYTES; at += 256) {
                sum += literal.read(BASE + at, 8, 4);
            }
            return sum;
        });
    }

    private void measure(String what, int accesses, LongSupplier work) {
        long sum = 0;
        double best = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            int times = 0;
            long begin = THREADS.getCurrentThreadCpuTime();
            long now = begin;
            while (now - begin < 150_000_000L) {
                sum += work.getAsLong();
                times++;
                now = THREADS.getCurrentThreadCpuTime();
            }
            best = Math.min(best, (double) (now - begin) / times / accesses);
        }
        System.out.printf("%-58s %8.2f%s%n", what, best, sum == 42 ? "!" : "");
    }
}
