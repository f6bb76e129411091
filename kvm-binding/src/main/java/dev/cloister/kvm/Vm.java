package dev.cloister.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A virtual machine (KVM API chapter 4, VM ioctls): its memory slots, interrupt chips and routes, event descriptors and vCPUs.
 * Thread-safe. Owns its descriptor and its vCPUs; the host memory of the slots stays the caller's, who unmaps it after closing this.
 */
public final class Vm implements AutoCloseable {
    /** Slot flag: KVM notes which pages the guest writes; see {@link #dirtyLog}. */
    public static final int LOG_DIRTY_PAGES = 1;
    /** Slot flag: the guest's writes become {@link KvmExit#MMIO} exits. */
    public static final int READ_ONLY = 2;

    /** {@link #enableUserSpaceMsr}: accesses that are not valid exit. */
    public static final int MSR_EXIT_INVALID = 1;
    /** {@link #enableUserSpaceMsr}: accesses to MSRs that KVM does not know exit. */
    public static final int MSR_EXIT_UNKNOWN = 2;
    /** {@link #enableUserSpaceMsr}: accesses that the filter denies exit. */
    public static final int MSR_EXIT_FILTER = 4;

    private static final int IRQFD_DEASSIGN = 1;
    private static final int IOEVENTFD_DATAMATCH = 1;
    private static final int IOEVENTFD_PIO = 2;
    private static final int IOEVENTFD_DEASSIGN = 4;
    private static final int MAX_MSR_RANGES = 16;
    private static final int MSI_BYTES = 32;
    private static final int MSI_DATA = 8;

    private final Fd fd;
    private final int vcpuMmapSize;
    private final String name;
    private final List<Vcpu> vcpus = new ArrayList<>();
    /** struct kvm_msi { u32 address_lo, address_hi, data, flags, devid; u8 pad[12] }. */
    private final MemorySegment message = Arena.ofAuto().allocate(MSI_BYTES, Long.BYTES);
    // Keeps the host memory reachable for as long as KVM may write to it.
    private final Map<Integer, MemorySegment> slots = new HashMap<>();

    /**
     * A range of MSRs for {@link #setMsrFilter}.
     *
     * @param read whether the range rules {@code rdmsr}
     * @param write whether the range rules {@code wrmsr}
     * @param base the first MSR
     * @param count how many MSRs, 1 to 12288
     * @param allowed the MSRs that are allowed, counted from the base; the others of the range are denied
     */
    public record MsrRange(boolean read, boolean write, int base, int count, BitSet allowed) {}

    Vm(Kvm kvm, Fd fd) {
        this.fd = fd;
        this.vcpuMmapSize = kvm.vcpuMmapSize();
        this.name = "vm " + fd.number();
    }

    /**
     * The descriptor, which this object owns.
     *
     * @return the descriptor
     */
    public Fd fd() {
        return fd;
    }

    /**
     * Asks what KVM can do for this machine ({@code KVM_CHECK_EXTENSION} on the VM).
     *
     * @param capability the capability
     * @return 0 for no; 1 or a capability-specific number for yes
     */
    public int checkExtension(KvmCapability capability) {
        return (int) Math.max(0, Linux.ioctl(fd.number(), Ioctl.KVM_CHECK_EXTENSION, capability.number()));
    }

    /**
     * Whether KVM has a capability for this machine.
     *
     * @param capability the capability
     * @return true for yes
     */
    public boolean has(KvmCapability capability) {
        return checkExtension(capability) > 0;
    }

    /**
     * Switches a capability on ({@code KVM_ENABLE_CAP} on the VM).
     *
     * @param capability the capability
     * @param argument its first argument
     * @throws ErrnoException {@code EINVAL} where this KVM lacks it
     */
    public void enableCapability(KvmCapability capability, long argument) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            // struct kvm_enable_cap { u32 cap, flags; u64 args[4]; u8 pad[64] }
            MemorySegment enable = arena.allocate(104, 8);
            enable.set(JAVA_INT, 0, capability.number());
            enable.set(JAVA_LONG, 8, argument);
            call(Ioctl.KVM_ENABLE_CAP, enable, "KVM_ENABLE_CAP", capability.name() + ", " + argument);
        }
    }

    /**
     * Makes an instruction that KVM cannot emulate an exit with its bytes, also where the guest's user code ran it.
     *
     * @return false where this KVM lacks the capability
     * @throws ErrnoException when the kernel refuses
     */
    public boolean enableExitOnEmulationFailure() throws ErrnoException {
        if (!has(KvmCapability.EXIT_ON_EMULATION_FAILURE)) {
            return false;
        }
        enableCapability(KvmCapability.EXIT_ON_EMULATION_FAILURE, 1);
        return true;
    }

    /**
     * Lets accesses to MSRs exit to user space instead of raising #GP.
     *
     * @param reasons {@code MSR_EXIT_…} bits
     * @return false where this KVM lacks the capability
     * @throws ErrnoException when the kernel refuses
     */
    public boolean enableUserSpaceMsr(int reasons) throws ErrnoException {
        if (!has(KvmCapability.X86_USER_SPACE_MSR)) {
            return false;
        }
        enableCapability(KvmCapability.X86_USER_SPACE_MSR, reasons);
        return true;
    }

    /**
     * Says which MSRs the guest may use (KVM API 4.97); replaces the filter before.
     *
     * @param defaultDeny what happens to MSRs outside all ranges
     * @param ranges at most 16
     * @throws ErrnoException when the kernel refuses
     */
    public void setMsrFilter(boolean defaultDeny, List<MsrRange> ranges) throws ErrnoException {
        if (ranges.size() > MAX_MSR_RANGES) {
            throw new IllegalArgumentException(ranges.size() + " MSR ranges; at most " + MAX_MSR_RANGES + " allowed");
        }
        try (Arena arena = Arena.ofConfined()) {
            // struct kvm_msr_filter { u32 flags, pad; { u32 flags, nmsrs, base, pad; u8 *bitmap } ranges[16] }
            MemorySegment filter = arena.allocate(392, 8);
            filter.set(JAVA_INT, 0, defaultDeny ? 1 : 0);
            for (int i = 0; i < ranges.size(); i++) {
                MsrRange r = ranges.get(i);
                MemorySegment range = filter.asSlice(8 + 24L * i, 24);
                range.set(JAVA_INT, 0, (r.read ? 1 : 0) | (r.write ? 2 : 0));
                range.set(JAVA_INT, 4, r.count);
                range.set(JAVA_INT, 8, r.base);
                // The kernel reads whole words.
                MemorySegment bitmap = arena.allocate((r.count + 63L) / 64 * 8, 8);
                bitmap.copyFrom(MemorySegment.ofArray(r.allowed.get(0, r.count).toByteArray()));
                range.set(JAVA_LONG, 16, bitmap.address());
            }
            call(Ioctl.KVM_X86_SET_MSR_FILTER, filter, "KVM_X86_SET_MSR_FILTER", ranges.size() + " ranges");
        }
    }

    /**
     * Gives KVM three pages of guest-physical space for a task state segment that Intel hosts need; before the first vCPU.
     *
     * @param gpa a page that no slot and no device uses, below 4 GiB
     * @throws ErrnoException when the kernel refuses
     */
    public void setTssAddress(long gpa) throws ErrnoException {
        Ioctl.call(fd, Ioctl.KVM_SET_TSS_ADDR, gpa, "KVM_SET_TSS_ADDR", gpa(gpa));
    }

    /**
     * Gives KVM a page of guest-physical space for an identity page table that Intel hosts need; before the first vCPU.
     *
     * @param gpa a page that no slot and no device uses, below 4 GiB
     * @throws ErrnoException when the kernel refuses
     */
    public void setIdentityMapAddress(long gpa) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocateFrom(JAVA_LONG, gpa);
            call(Ioctl.KVM_SET_IDENTITY_MAP_ADDR, address, "KVM_SET_IDENTITY_MAP_ADDR", gpa(gpa));
        }
    }

    /**
     * Creates the PIC pair, the IOAPIC and a LAPIC for each later vCPU inside the kernel.
     *
     * @throws ErrnoException {@code EEXIST} the second time
     */
    public void createIrqChip() throws ErrnoException {
        Ioctl.call(fd, Ioctl.KVM_CREATE_IRQCHIP, 0, "KVM_CREATE_IRQCHIP", name);
    }

    /**
     * Creates the interval timer (8254) inside the kernel; after {@link #createIrqChip}.
     *
     * @param dummySpeaker whether port 0x61 answers as well
     * @throws ErrnoException {@code ENOENT} without interrupt chips
     */
    public void createPit2(boolean dummySpeaker) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment config = arena.allocate(64, 8);
            config.set(JAVA_INT, 0, dummySpeaker ? 1 : 0);
            call(Ioctl.KVM_CREATE_PIT2, config, "KVM_CREATE_PIT2", name);
        }
    }

    /**
     * Sets the level of an interrupt line of the in-kernel chips.
     *
     * @param gsi the interrupt
     * @param high the level
     * @throws ErrnoException when the kernel refuses
     */
    public void irqLine(int gsi, boolean high) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment level = arena.allocate(8, 8);
            level.set(JAVA_INT, 0, gsi);
            level.set(JAVA_INT, 4, high ? 1 : 0);
            call(Ioctl.KVM_IRQ_LINE, level, "KVM_IRQ_LINE", "GSI " + gsi);
        }
    }

    /**
     * Puts a table of interrupt routes in force, in place of the one before.
     *
     * @param routing the whole table; see {@link GsiRouting#standard}
     * @throws ErrnoException when the kernel refuses
     */
    public void setGsiRouting(GsiRouting routing) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            call(Ioctl.KVM_SET_GSI_ROUTING, routing.toNative(arena), "KVM_SET_GSI_ROUTING", routing.toString());
        }
    }

    /**
     * Sends a message-signalled interrupt (KVM API 4.70). Allocates nothing but the exception.
     *
     * @param address the message's address, see {@link GsiRouting#lapicAddress}
     * @param data the message's data; the vector, for fixed delivery by edge
     * @return false where the guest blocked it, or no local APIC has the address
     * @throws ErrnoException when the kernel refuses
     */
    public boolean signalMsi(long address, int data) throws ErrnoException {
        long result;
        synchronized (message) {
            message.set(JAVA_LONG, 0, address);
            message.set(JAVA_INT, MSI_DATA, data);
            result = Linux.ioctl(fd.number(), Ioctl.KVM_SIGNAL_MSI, message);
        }
        return result != -Errno.EPERM && Linux.check(result, "KVM_SIGNAL_MSI", name) > 0;
    }

    /**
     * Makes each signal of an eventfd an edge of an interrupt, without user space in between.
     *
     * @param event an eventfd; KVM keeps its own reference
     * @param gsi the interrupt
     * @throws ErrnoException {@code EBUSY} where the pair is assigned already
     */
    public void assignIrqfd(Fd event, int gsi) throws ErrnoException {
        irqfd(event, gsi, 0);
    }

    /**
     * Takes an eventfd off an interrupt. No interrupt comes of it after this has returned.
     *
     * @param event the eventfd
     * @param gsi the interrupt
     * @throws ErrnoException when the kernel refuses
     */
    public void deassignIrqfd(Fd event, int gsi) throws ErrnoException {
        irqfd(event, gsi, IRQFD_DEASSIGN);
    }

    private void irqfd(Fd event, int gsi, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment irqfd = arena.allocate(32, 8);
            irqfd.set(JAVA_INT, 0, event.number());
            irqfd.set(JAVA_INT, 4, gsi);
            irqfd.set(JAVA_INT, 8, flags);
            call(Ioctl.KVM_IRQFD, irqfd, "KVM_IRQFD", event + ", GSI " + gsi);
        }
    }

    /**
     * Makes writes to a port signal an eventfd instead of exiting.
     *
     * @param event an eventfd; KVM keeps its own reference
     * @param port the port
     * @param size bytes of the access, 1, 2 or 4; other accesses exit as before
     * @throws ErrnoException {@code EEXIST} where the port has one already
     */
    public void assignPortEvent(Fd event, int port, int size) throws ErrnoException {
        ioeventfd(event, port, size, IOEVENTFD_PIO, 0);
    }

    /**
     * Makes writes of one value to a port signal an eventfd instead of exiting.
     *
     * @param event an eventfd; KVM keeps its own reference
     * @param port the port
     * @param size bytes of the access, 1, 2 or 4
     * @param value the only value that signals
     * @throws ErrnoException {@code EEXIST} where the port and value have one already
     */
    public void assignPortEvent(Fd event, int port, int size, long value) throws ErrnoException {
        ioeventfd(event, port, size, IOEVENTFD_PIO | IOEVENTFD_DATAMATCH, value);
    }

    /**
     * Undoes {@link #assignPortEvent(Fd, int, int)}.
     *
     * @param event the eventfd
     * @param port the port
     * @param size the size it was assigned with
     * @throws ErrnoException {@code ENOENT} where nothing was assigned
     */
    public void deassignPortEvent(Fd event, int port, int size) throws ErrnoException {
        ioeventfd(event, port, size, IOEVENTFD_PIO | IOEVENTFD_DEASSIGN, 0);
    }

    /**
     * Makes writes to an address outside all slots signal an eventfd instead of exiting.
     *
     * @param event an eventfd; KVM keeps its own reference
     * @param gpa the address
     * @param size bytes of the access, 1, 2, 4 or 8; 0 for any
     * @throws ErrnoException {@code EEXIST} where the address has one already
     */
    public void assignMmioEvent(Fd event, long gpa, int size) throws ErrnoException {
        ioeventfd(event, gpa, size, 0, 0);
    }

    /**
     * Undoes {@link #assignMmioEvent(Fd, long, int)}.
     *
     * @param event the eventfd
     * @param gpa the address
     * @param size the size it was assigned with
     * @throws ErrnoException {@code ENOENT} where nothing was assigned
     */
    public void deassignMmioEvent(Fd event, long gpa, int size) throws ErrnoException {
        ioeventfd(event, gpa, size, IOEVENTFD_DEASSIGN, 0);
    }

    /**
     * Makes writes of one value to an address outside all slots signal an eventfd instead of exiting.
     *
     * @param event an eventfd; KVM keeps its own reference
     * @param gpa the address
     * @param size bytes of the access, 1, 2, 4 or 8
     * @param value the value
     * @throws ErrnoException {@code EEXIST} where the address has one already for this value, or for any
     */
    public void assignMmioEvent(Fd event, long gpa, int size, long value) throws ErrnoException {
        ioeventfd(event, gpa, size, IOEVENTFD_DATAMATCH, value);
    }

    /**
     * Undoes {@link #assignMmioEvent(Fd, long, int, long)}.
     *
     * @param event the eventfd
     * @param gpa the address
     * @param size the size it was assigned with
     * @param value the value it was assigned with
     * @throws ErrnoException {@code ENOENT} where nothing was assigned
     */
    public void deassignMmioEvent(Fd event, long gpa, int size, long value) throws ErrnoException {
        ioeventfd(event, gpa, size, IOEVENTFD_DATAMATCH | IOEVENTFD_DEASSIGN, value);
    }

    private void ioeventfd(Fd event, long address, int size, int flags, long value) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            // struct kvm_ioeventfd { u64 datamatch, addr; u32 len; s32 fd; u32 flags; u8 pad[36] }
            MemorySegment io = arena.allocate(64, 8);
            io.set(JAVA_LONG, 0, value);
            io.set(JAVA_LONG, 8, address);
            io.set(JAVA_INT, 16, size);
            io.set(JAVA_INT, 20, event.number());
            io.set(JAVA_INT, 24, flags);
            String where = (flags & IOEVENTFD_PIO) != 0 ? "port 0x" + Long.toHexString(address) : gpa(address);
            call(Ioctl.KVM_IOEVENTFD, io, "KVM_IOEVENTFD", event + ", " + where);
        }
    }

    /**
     * Puts host memory into the guest-physical space.
     *
     * @param slot 0 to the host's number of slots − 1 ({@link KvmCapability#NR_MEMSLOTS})
     * @param gpa where it begins, page-aligned
     * @param host native memory, its address page-aligned, its size a multiple of the page size; kept until the slot is deleted
     * @param flags {@link #LOG_DIRTY_PAGES} and {@link #READ_ONLY} bits
     * @throws ErrnoException {@code EEXIST} where it overlaps another slot, {@code EINVAL} where it is unaligned
     */
    public void setMemorySlot(int slot, long gpa, MemorySegment host, int flags) throws ErrnoException {
        synchronized (slots) {
            setRegion(slot, gpa, host.address(), host.byteSize(), flags);
            slots.put(slot, host);
        }
    }

    /**
     * Takes a slot out of the guest-physical space. When this has returned the guest reaches its memory no more.
     *
     * @param slot the slot
     * @throws ErrnoException {@code EINVAL} where the slot is empty
     */
    public void deleteMemorySlot(int slot) throws ErrnoException {
        synchronized (slots) {
            setRegion(slot, 0, 0, 0, 0);
            slots.remove(slot);
        }
    }

    private void setRegion(int slot, long gpa, long hva, long size, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment region = arena.allocate(32, 8);
            region.set(JAVA_INT, 0, slot);
            region.set(JAVA_INT, 4, flags);
            region.set(JAVA_LONG, 8, gpa);
            region.set(JAVA_LONG, 16, size);
            region.set(JAVA_LONG, 24, hva);
            String what = "slot " + slot + ", " + gpa(gpa) + ", " + size + " bytes";
            call(Ioctl.KVM_SET_USER_MEMORY_REGION, region, "KVM_SET_USER_MEMORY_REGION", what);
        }
    }

    /**
     * Takes the log of pages that the guest has written since the last call (KVM API 4.8).
     *
     * @param slot a slot with {@link #LOG_DIRTY_PAGES}
     * @return one bit for each page, lowest first, in 64-bit words
     * @throws ErrnoException {@code ENOENT} where the slot keeps no log
     */
    public long[] dirtyLog(int slot) throws ErrnoException {
        synchronized (slots) {
            MemorySegment host = slots.get(slot);
            if (host == null) {
                throw new IllegalArgumentException("slot " + slot + " is empty");
            }
            long pages = host.byteSize() / Linux.PAGE_SIZE;
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bitmap = arena.allocate(JAVA_LONG, (pages + 63) / 64);
                MemorySegment log = arena.allocate(16, 8);
                log.set(JAVA_INT, 0, slot);
                log.set(JAVA_LONG, 8, bitmap.address());
                call(Ioctl.KVM_GET_DIRTY_LOG, log, "KVM_GET_DIRTY_LOG", "slot " + slot);
                return bitmap.toArray(JAVA_LONG);
            }
        }
    }

    /**
     * Creates a vCPU.
     *
     * @param id its number and initial APIC id; 0 is the boot processor
     * @return the vCPU, owned by this machine
     * @throws ErrnoException {@code EEXIST} where the number is taken
     */
    public Vcpu createVcpu(int id) throws ErrnoException {
        int xsaveSize = checkExtension(KvmCapability.XSAVE2);
        boolean sync = has(KvmCapability.SYNC_REGS);
        long number = Ioctl.call(fd, Ioctl.KVM_CREATE_VCPU, id, "KVM_CREATE_VCPU", "vCPU " + id);
        Vcpu vcpu = Vcpu.create(id, Fd.own((int) number), vcpuMmapSize, xsaveSize, sync);
        synchronized (vcpus) {
            vcpus.add(vcpu);
        }
        return vcpu;
    }

    private long call(long request, MemorySegment argument, String call, String object) throws ErrnoException {
        return Ioctl.call(fd, request, argument, call, object);
    }

    private static String gpa(long gpa) {
        return "gpa 0x" + Long.toHexString(gpa);
    }

    /**
     * Closes the vCPUs, then the machine; the kernel frees it when its last descriptor, ours or one passed on, is closed.
     *
     * @throws IllegalStateException where a vCPU is still bound to a running thread; nothing is closed then
     */
    @Override
    public void close() {
        synchronized (vcpus) {
            vcpus.forEach(Vcpu::requireUnbound);
            vcpus.forEach(Vcpu::close);
            vcpus.clear();
        }
        fd.close();
        synchronized (slots) {
            slots.clear();
        }
    }
}
