package dev.cloister.mmu;

import dev.cloister.mmu.shadow.DomainFrames;
import dev.cloister.mmu.shadow.ShadowInvariant;
import dev.cloister.mmu.shadow.ShadowLayout;
import dev.cloister.mmu.shadow.ShadowTables;
import dev.cloister.mmu.shadow.TableChanges;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * The fuzz target of page walks: bytes become registers, table entries and accesses. Walker and {@link ReferenceWalker} must agree, what
 * the walker lets a TLB keep must be what the reference allows, shadow tables must keep their invariant, and nothing may be thrown. Run at
 * length by {@link WalkerCampaign}.
 */
public final class WalkerFuzz {
    private static final int TABLES = 16;
    private static final int MOST_ACCESSES = 24;
    private static final long POOL = 1L << 40;
    private static final AccessKind[] KINDS = AccessKind.values();
    private static final int[] RIGHTS = {Tlb.READ, Tlb.WRITE, Tlb.EXECUTE};
    private static final List<AccessKind> PLAIN = List.of(AccessKind.READ, AccessKind.WRITE, AccessKind.EXECUTE);

    private static final TableChanges NOWHERE = new TableChanges() {
        @Override
        public void clear(long tableGpa) {
            // The target looks at the data structure alone.
        }

        @Override
        public void write(long entryGpa, long before, long value) {
            // The target looks at the data structure alone.
        }

        @Override
        public void invalidate(long linear) {
            // The target looks at the data structure alone.
        }

        @Override
        public void invalidateAll() {
            // The target looks at the data structure alone.
        }
    };

    private static final MemorySegment HOST = Arena.ofAuto().allocate(TABLES * 4096L, 4096);
    private static final MemorySegment ROM = Arena.ofAuto().allocate(4096, 4096);

    private final GuestMemory memory = GuestMemory.builder()
            .ram("tables", 0, HOST)
            .rom("rom", TABLES * 4096, ROM)
            .build();
    private final PageWalker walker = new PageWalker(memory);
    private final ReferenceWalker reference = new ReferenceWalker(memory);
    private final Translation result = new Translation();
    private final ByteBuffer input;
    private final ReferenceWalker.Question registers = new ReferenceWalker.Question();
    private final WalkContext context;
    private final WalkContext user;

    private WalkerFuzz(byte[] data) {
        input = ByteBuffer.wrap(Arrays.copyOf(data, Math.max(data.length, 64))).order(ByteOrder.LITTLE_ENDIAN);
        HOST.fill((byte) 0);
        ReferenceWalker.Question q = registers;
        int flags = input.getInt();
        q.cr0 = (flags & 1) == 0 ? 0x8000_0001L : 0x8001_0001L;
        q.cr0 &= (flags & 0x70) == 0x70 ? 0x7FFF_FFFFL : -1L;
        q.cr4 = flags & (1 << 4 | 1 << 5 | 1 << 7 | 1 << 12 | 1 << 20 | 1 << 21 | 1 << 22 | 1 << 24);
        q.efer = input.getShort() & 0x900;
        q.cr3 = input.getInt() & 0xFFFF;
        q.cpl = input.get() & 3;
        q.ac = (flags & 2) != 0;
        q.pkru = input.getInt();
        q.pkrs = input.getInt();
        q.maxPhyAddr = 32 + (input.get() & 0xFF) % 21;
        q.page1GB = (flags & 4) != 0;
        context = set(q.cpl);
        user = set(3);
    }

    private WalkContext set(int cpl) {
        ReferenceWalker.Question q = registers;
        return new WalkContext(q.maxPhyAddr, q.page1GB)
                .set(q.cr0, q.cr3, q.cr4, q.efer, cpl, q.ac ? 1L << 18 : 0)
                .protectionKeys(q.pkru, q.pkrs);
    }

    /**
     * One input.
     *
     * @param data any bytes
     */
    public static void fuzzerTestOneInput(byte[] data) {
        new WalkerFuzz(data).run();
    }

    private void run() {
        int entries = input.get() & 0xFF;
        for (int n = 0; n < entries && input.remaining() >= 11; n++) {
            int place = (input.get() & TABLES - 1) * 4096 + (input.getShort() & 511) * 8;
            memory.writeLong(place, input.getLong());
        }
        ShadowTables shadow = new ShadowTables(
                new ShadowLayout(POOL, 16, 4, 511, 0), new DomainFrames(memory), walker, NOWHERE, 2, false);
        boolean isLong = context.mode().compareTo(PagingMode.FOUR_LEVEL) >= 0;
        // Tables that map themselves: an accessed flag can be a reserved bit of a PAE pointer, which ends what was
        // granted.
        boolean shadowed = context.mode() != PagingMode.PAE;
        for (int n = 0; n < MOST_ACCESSES && input.remaining() >= 9; n++) {
            int how = input.get() & 0xFF;
            long linear = input.getLong();
            compare(linear, KINDS[how % KINDS.length], (how & 0x80) != 0);
            shadow.applied();
            if (shadowed && (isLong || linear >>> 32 == 0)) {
                shadow.fill(user, linear, PLAIN.get(how % PLAIN.size()));
                shadow.prefill(user, linear, 1 << (how >>> 4 & 3));
            }
        }
        ShadowInvariant.check(shadow);
        // Flags that walks set take no rights away: what was granted still is.
        ShadowInvariant.checkAgainstGuest(shadow, user, walker);
        arePointersValid();
    }

    private void arePointersValid() {
        try {
            walker.arePointersValid(registers.cr3, registers.maxPhyAddr);
        } catch (GuestMemoryException e) {
            require(e.reason() == GuestMemoryException.Reason.UNBACKED, "pointers: " + e.getMessage());
        }
    }

    private void compare(long linear, AccessKind kind, boolean setFlags) {
        ReferenceWalker.Answer expected = ask(linear, kind);
        boolean allowed = walker.walk(context, linear, kind, setFlags, result);
        if (expected == null) {
            require(result.outcome() == Translation.Outcome.TABLE_UNBACKED, "expected a table without memory");
            return;
        }
        if (!allowed && !expected.fault && setFlags && isUndone(linear, kind)) {
            return;
        }
        require(allowed == !expected.fault, "allowed is " + allowed);
        if (!allowed) {
            require(result.errorCode() == expected.errorCode, "error code " + result.errorCode());
            return;
        }
        require(result.gpa() == expected.physical, "gpa 0x" + Long.toHexString(result.gpa()));
        if (setFlags && !kind.implicit && !isUndone(linear, kind)) {
            compareRights(linear);
        }
    }

    /**
     * Whether the walk has ended what the tables granted, by an accessed flag in a table that maps itself: only as a reserved bit of a
     * PAE pointer, of which processors keep copies from the last load of CR3 on.
     */
    private boolean isUndone(long linear, AccessKind kind) {
        ReferenceWalker.Answer again = ask(linear, kind);
        boolean granted = again != null && !again.fault;
        require(granted || context.mode() == PagingMode.PAE, "refused the second time");
        return !granted;
    }

    private void compareRights(long linear) {
        int rights = walker.rights(context, result);
        for (int n = 0; n < RIGHTS.length; n++) {
            if ((rights & RIGHTS[n]) != 0) {
                ReferenceWalker.Answer answer = ask(linear, PLAIN.get(n));
                require(answer != null && !answer.fault, "kept right " + PLAIN.get(n));
            }
        }
    }

    private ReferenceWalker.Answer ask(long linear, AccessKind kind) {
        registers.linear = linear;
        registers.write = kind.write;
        registers.fetch = kind.fetch;
        registers.implicit = kind.implicit;
        try {
            return reference.ask(registers);
        } catch (GuestMemoryException _) {
            return null;
        }
    }

    private void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(
                    "walk of 0x" + Long.toHexString(registers.linear) + " (write " + registers.write + ", fetch "
                            + registers.fetch + ", implicit " + registers.implicit + "): " + what);
        }
    }
}
