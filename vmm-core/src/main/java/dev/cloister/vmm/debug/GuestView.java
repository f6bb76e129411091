package dev.cloister.vmm.debug;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.mmu.AccessKind;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.PageWalker;
import dev.cloister.mmu.Translation;
import dev.cloister.mmu.WalkContext;

/**
 * Guest memory by linear addresses, through the guest's own page tables and without a trace in them: no accessed flag is set, no device
 * is touched, rights do not count. Debugger's thread.
 */
public final class GuestView {
    /** What {@link #translate} returns for an address without translation. */
    public static final long UNMAPPED = -1;

    private static final int PAGE = 4096;
    private static final long LOW_32 = 0xffff_ffffL;
    private static final int CANONICAL_BITS = 48;
    private static final int CANONICAL_BITS_LA57 = 57;
    private static final long CR4_LA57 = 0x1000;

    private final GuestMemory memory;
    private final PageWalker walker;
    private final WalkContext context;
    private final Translation translation = new Translation();

    /**
     * A view of a machine's memory.
     *
     * @param machine the machine
     */
    public GuestView(DebugMachine machine) {
        memory = machine.memory();
        walker = new PageWalker(memory);
        context = machine.walkContext();
    }

    /**
     * Translates as a vCPU would.
     *
     * @param state its registers
     * @param gva a linear address
     * @return the gpa, or {@link #UNMAPPED}
     */
    public long translate(CpuState state, long gva) {
        boolean wide = state.mode().isLong();
        if (wide && !isCanonical(state, gva)) {
            return UNMAPPED;
        }
        // Supervisor rights, and AC so that SMAP allows user pages too.
        context.set(state.cr0(), state.cr3(), state.cr4(), state.efer(), 0, state.rflags() | Flags.AC);
        boolean found = walker.walk(context, wide ? gva : gva & LOW_32, AccessKind.READ, false, translation);
        return found ? translation.gpa() : UNMAPPED;
    }

    private static boolean isCanonical(CpuState state, long gva) {
        int bits = (state.cr4() & CR4_LA57) != 0 ? CANONICAL_BITS_LA57 : CANONICAL_BITS;
        long sign = gva >> bits - 1;
        return sign == 0 || sign == -1;
    }

    /**
     * Reads memory.
     *
     * @param state a vCPU's registers
     * @param gva linear address of the first byte
     * @param into receives the bytes from index 0
     * @param length how many are wanted
     * @return how many were read: fewer where a page is not mapped or has no memory
     */
    public int read(CpuState state, long gva, byte[] into, int length) {
        int done = 0;
        while (done < length) {
            int count = Math.min(length - done, room(gva + done));
            long gpa = translate(state, gva + done);
            if (gpa == UNMAPPED || !memory.contains(gpa, count, false)) {
                return done;
            }
            memory.read(gpa, into, done, count);
            done += count;
        }
        return done;
    }

    /**
     * Writes memory, all of it or nothing; also where the guest's tables allow no write, and where the bytes change those tables.
     *
     * @param state a vCPU's registers
     * @param gva linear address of the first byte
     * @param from the bytes
     * @return false where a page is not mapped or has no memory that can be written
     */
    public boolean write(CpuState state, long gva, byte[] from) {
        // Every page is looked up before the first is written: it may hold the tables of the next.
        long[] gpas = new long[1 + (from.length + PAGE - 1) / PAGE];
        int pages = 0;
        for (int done = 0; done < from.length; done += room(gva + done)) {
            int count = Math.min(from.length - done, room(gva + done));
            long gpa = translate(state, gva + done);
            if (gpa == UNMAPPED || !memory.contains(gpa, count, true)) {
                return false;
            }
            gpas[pages++] = gpa;
        }
        int done = 0;
        for (int page = 0; page < pages; page++) {
            int count = Math.min(from.length - done, room(gva + done));
            memory.write(gpas[page], from, done, count);
            done += count;
        }
        return true;
    }

    private static int room(long gva) {
        return PAGE - (int) (gva & PAGE - 1);
    }
}
