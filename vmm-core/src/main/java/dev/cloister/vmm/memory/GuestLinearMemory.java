package dev.cloister.vmm.memory;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.mmu.AccessKind;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.PageWalker;
import dev.cloister.mmu.Translation;
import dev.cloister.mmu.WalkContext;
import org.jspecify.annotations.Nullable;

/**
 * Linear memory of one vCPU for the emulator: addresses go through the guest's page tables, then to guest memory or, where there is
 * none, to the MMIO side of the board, as the same access by KVM would. Nothing is cached, because the guest's tables may change
 * between two emulated instructions. One thread; allocates nothing unless an access is refused.
 */
public final class GuestLinearMemory implements LinearMemory {
    /** What answers at addresses without memory. */
    public interface Devices {
        /** A read; all ones where nothing answers. */
        long mmioRead(long gpa, int size);

        /** A write, also to memory that the guest may only read. */
        void mmioWrite(long gpa, int size, long value);
    }

    private static final int PAGE_MASK = GuestMap.PAGE - 1;

    /** Contended page-table entries are tried again this often; more means that another vCPU does nothing else. */
    private static final int WALK_ATTEMPTS = 64;

    private final GuestMemory memory;
    private final Devices devices;
    private final PageWalker walker;
    private final WalkContext user;
    private final WalkContext supervisor;
    private final Translation first = new Translation();
    private final Translation second = new Translation();
    private final CpuException exception = new CpuException();
    private @Nullable CpuState followed;

    /**
     * Memory of one vCPU.
     *
     * @param memory guest memory
     * @param devices where addresses without memory go
     * @param maxPhyAddr physical address bits that the guest's CPUID tells
     * @param gigabytePages whether the guest's CPUID tells of 1 GiB pages
     */
    public GuestLinearMemory(GuestMemory memory, Devices devices, int maxPhyAddr, boolean gigabytePages) {
        this.memory = memory;
        this.devices = devices;
        this.walker = new PageWalker(memory);
        this.user = new WalkContext(maxPhyAddr, gigabytePages);
        this.supervisor = new WalkContext(maxPhyAddr, gigabytePages);
    }

    /** Takes over the registers that govern translation; before each emulated instruction. */
    public void prepare(CpuState state) {
        user.set(state.cr0(), state.cr3(), state.cr4(), state.efer(), 3, state.rflags());
        supervisor.set(state.cr0(), state.cr3(), state.cr4(), state.efer(), 0, state.rflags());
    }

    @Override
    public long read(long linear, int size, int access) {
        long gpa = translate(linear, access, first);
        int head = GuestMap.PAGE - ((int) linear & PAGE_MASK);
        if (head >= size) {
            return physicalRead(gpa, size);
        }
        long rest = translate(linear + head, access, second);
        long value = 0;
        for (int i = 0; i < size; i++) {
            long at = i < head ? gpa + i : rest + i - head;
            value |= (physicalRead(at, 1) & 0xff) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(long linear, int size, long value, int access) {
        long gpa = translate(linear, access | WRITE, first);
        int head = GuestMap.PAGE - ((int) linear & PAGE_MASK);
        if (head >= size) {
            physicalWrite(gpa, size, value);
            return;
        }
        long rest = translate(linear + head, access | WRITE, second);
        for (int i = 0; i < size; i++) {
            long at = i < head ? gpa + i : rest + i - head;
            physicalWrite(at, 1, value >>> 8 * i & 0xff);
        }
    }

    @Override
    public void probe(long linear, int length, int access) {
        translate(linear, access, first);
        int head = GuestMap.PAGE - ((int) linear & PAGE_MASK);
        if (head < length) {
            translate(linear + head, access, second);
        }
    }

    @Override
    public int fetch(long linear, byte[] into, int offset, int length, int access) {
        long gpa = translate(linear, access | FETCH, first);
        int count = Math.min(length, GuestMap.PAGE - ((int) linear & PAGE_MASK));
        if (memory.contains(gpa, count, false)) {
            memory.read(gpa, into, offset, count);
        } else {
            java.util.Arrays.fill(into, offset, offset + count, (byte) 0xff);
        }
        return count;
    }

    /**
     * Reads code for a report, without effects: no flags set in the tables, no device touched.
     *
     * @return how many bytes were read; 0 where nothing can be
     */
    public int peek(long linear, byte[] into, int length) {
        int done = 0;
        while (done < length) {
            if (!walker.walk(supervisor, linear + done, AccessKind.READ, false, first)) {
                return done;
            }
            int count = Math.min(length - done, GuestMap.PAGE - ((int) (linear + done) & PAGE_MASK));
            if (!memory.contains(first.gpa(), count, false)) {
                return done;
            }
            memory.read(first.gpa(), into, done, count);
            done += count;
        }
        return done;
    }

    /** From here on every access takes the registers that govern translation from a processor anew. */
    public void follow(CpuState state) {
        followed = state;
    }

    private long translate(long address, int access, Translation result) {
        long linear = followed(address);
        WalkContext context = (access & USER) != 0 ? user : supervisor;
        AccessKind kind = kind(access);
        for (int attempt = 0; attempt < WALK_ATTEMPTS; attempt++) {
            if (walker.walk(context, linear, kind, true, result)) {
                return result.gpa();
            }
            refuse(result, access);
        }
        throw exception.with(CpuException.GP, 0);
    }

    private long followed(long address) {
        CpuState now = followed;
        if (now == null) {
            return address;
        }
        prepare(now);
        return now.isLongActive() ? address : address & 0xffff_ffffL;
    }

    private void refuse(Translation result, int access) {
        if (result.outcome() == Translation.Outcome.PAGE_FAULT) {
            throw exception.pageFault(result.gva(), result.errorCode());
        }
        if (result.outcome() == Translation.Outcome.TABLE_UNBACKED) {
            // Hardware reads all ones from an address without memory: reserved bits are set (Intel SDM vol. 3, 4.7).
            throw exception.pageFault(result.gva(), reservedBitFault(access));
        }
    }

    private static int reservedBitFault(int access) {
        int present = 1;
        int reserved = 8;
        return present
                | reserved
                | ((access & WRITE) != 0 ? 2 : 0)
                | ((access & USER) != 0 ? 4 : 0)
                | ((access & FETCH) != 0 ? 16 : 0);
    }

    private static AccessKind kind(int access) {
        boolean write = (access & WRITE) != 0;
        if ((access & IMPLICIT) != 0) {
            return write ? AccessKind.IMPLICIT_WRITE : AccessKind.IMPLICIT_READ;
        }
        if ((access & FETCH) != 0) {
            return AccessKind.EXECUTE;
        }
        return write ? AccessKind.WRITE : AccessKind.READ;
    }

    private long physicalRead(long gpa, int size) {
        if (!memory.contains(gpa, size, false)) {
            return devices.mmioRead(gpa, size);
        }
        return switch (size) {
            case 1 -> memory.readByte(gpa) & 0xffL;
            case 2 -> memory.readShort(gpa) & 0xffffL;
            case 4 -> memory.readInt(gpa) & 0xffff_ffffL;
            default -> memory.readLong(gpa);
        };
    }

    private void physicalWrite(long gpa, int size, long value) {
        if (!memory.contains(gpa, size, true)) {
            devices.mmioWrite(gpa, size, value);
            return;
        }
        switch (size) {
            case 1 -> memory.writeByte(gpa, (byte) value);
            case 2 -> memory.writeShort(gpa, (short) value);
            case 4 -> memory.writeInt(gpa, (int) value);
            default -> memory.writeLong(gpa, value);
        }
    }
}
