package dev.cloister.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A virtual CPU (KVM API chapter 4, vCPU ioctls).
 *
 * <p><b>Threads.</b> One platform thread {@linkplain #bind binds} itself and is then the only one to {@link #run}; any thread may
 * {@link #kick}. The register methods are for the bound thread, or for any one thread while nobody runs the vCPU; they use buffers
 * that belong to the vCPU, so what {@code read…} returns is good until the next {@code read…} of the same kind.
 *
 * <p><b>Registers.</b> With {@code KVM_CAP_SYNC_REGS} the groups asked for by {@link KvmRun#setValidGroups} stand in the run area after
 * each exit ({@link #syncRegs}, {@link #syncSregs}, {@link #syncEvents}) and go back where {@link KvmRun#markDirty} says so, without
 * further system calls. The {@code read…}/{@code write…} pairs are single ioctls and work everywhere. Neither allocates.
 */
public final class Vcpu implements AutoCloseable {
    /** {@link #mpState}: runs when told to. */
    public static final int MP_RUNNABLE = 0;
    /** {@link #mpState}: an application processor that waits for INIT. */
    public static final int MP_UNINITIALIZED = 1;
    /** {@link #mpState}: INIT came, waits for SIPI. */
    public static final int MP_INIT_RECEIVED = 2;
    /** {@link #mpState}: in {@code hlt}, in the kernel. */
    public static final int MP_HALTED = 3;
    /** {@link #mpState}: SIPI came. */
    public static final int MP_SIPI_RECEIVED = 4;

    /** {@link #setGuestDebug}: on. */
    public static final int DEBUG_ENABLE = 0x1;
    /** {@link #setGuestDebug}: exit after each instruction. */
    public static final int DEBUG_SINGLE_STEP = 0x2;
    /** {@link #setGuestDebug}: {@code int3} exits instead of vectoring. */
    public static final int DEBUG_SOFTWARE_BREAKPOINTS = 0x10000;
    /** {@link #setGuestDebug}: the debug registers given are in force. */
    public static final int DEBUG_HARDWARE_BREAKPOINTS = 0x20000;

    /** {@link #setGuestDebug}: interrupts wait while it steps (Linux 5.16; ignored before). */
    public static final int DEBUG_BLOCK_INTERRUPTS = 0x100000;

    /** {@link #translate}: the address is not mapped. */
    public static final long NOT_MAPPED = -1;

    // Bytes of the structures; LayoutTest compares them.
    static final int FPU_SIZE = 416;
    static final int XSAVE_SIZE = 4096;
    static final int LAPIC_SIZE = 1024;
    static final int DEBUGREGS_SIZE = 128;
    static final int XCRS_SIZE = 392;
    static final int SREGS2_SIZE = 320;
    private static final int SCRATCH_SIZE = 128;

    private final int id;
    private final Fd fd;
    private final int fdNumber;
    private final String name;
    private final Mapping mapping;
    private final MemorySegment run;
    private final MemorySegment syncRegs;
    private final MemorySegment syncSregs;
    private final MemorySegment syncEvents;
    private final boolean syncSupported;
    private final boolean xsave2;

    // Reclaimed with this object; each ioctl keeps its segment alive until it returns.
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment errnoBuffer = Linux.newErrnoBuffer(arena);
    private final MemorySegment regs = arena.allocate(KvmRegs.SIZE, 8);
    private final MemorySegment sregs = arena.allocate(KvmSregs.SIZE, 8);
    private final MemorySegment sregs2 = arena.allocate(SREGS2_SIZE, 8);
    private final MemorySegment events = arena.allocate(KvmEvents.SIZE, 8);
    private final MemorySegment fpu = arena.allocate(FPU_SIZE, 8);
    private final MemorySegment debugregs = arena.allocate(DEBUGREGS_SIZE, 8);
    private final MemorySegment xcrs = arena.allocate(XCRS_SIZE, 8);
    private final MemorySegment lapic = arena.allocate(LAPIC_SIZE, 8);
    private final MemorySegment scratch = arena.allocate(SCRATCH_SIZE, 8);
    private final MemorySegment xsave;

    private final KickSignal kick;

    private Vcpu(int id, Fd fd, Mapping mapping, int xsaveSize, boolean syncSupported) {
        this.id = id;
        this.fd = fd;
        this.fdNumber = fd.number();
        this.name = "vCPU " + id;
        this.mapping = mapping;
        this.syncSupported = syncSupported;
        this.xsave2 = xsaveSize > 0;
        this.run = mapping.segment();
        this.syncRegs = run.asSlice(KvmRun.OFF_SYNC_REGS_OFFSET, KvmRegs.SIZE);
        this.syncSregs = run.asSlice(KvmRun.OFF_SYNC_SREGS_OFFSET, KvmSregs.SIZE);
        this.syncEvents = run.asSlice(KvmRun.OFF_SYNC_EVENTS_OFFSET, KvmEvents.SIZE);
        this.xsave = arena.allocate(Math.max(XSAVE_SIZE, xsaveSize), 64);
        this.kick = new KickSignal(arena);
    }

    static Vcpu create(int id, Fd fd, int mmapSize, int xsaveSize, boolean syncSupported) throws ErrnoException {
        try {
            return new Vcpu(id, fd, Mapping.device(fd, mmapSize), xsaveSize, syncSupported);
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * The number.
     *
     * @return the number given at creation
     */
    public int id() {
        return id;
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
     * The run area, shared with the kernel; see {@link KvmRun}.
     *
     * @return {@code struct kvm_run} and the pages after it
     */
    public MemorySegment runArea() {
        return run;
    }

    /**
     * Whether the registers can stand in the run area ({@code KVM_CAP_SYNC_REGS}).
     *
     * @return true on every x86 KVM since Linux 4.17
     */
    public boolean syncSupported() {
        return syncSupported;
    }

    /**
     * The general registers within the run area; see {@link KvmRegs}.
     *
     * @return {@code struct kvm_regs}, valid after an exit where {@link KvmRun#SYNC_REGS} was asked for
     */
    public MemorySegment syncRegs() {
        return syncRegs;
    }

    /**
     * The system registers within the run area; see {@link KvmSregs}.
     *
     * @return {@code struct kvm_sregs}, valid after an exit where {@link KvmRun#SYNC_SREGS} was asked for
     */
    public MemorySegment syncSregs() {
        return syncSregs;
    }

    /**
     * The events within the run area; see {@link KvmEvents}.
     *
     * @return {@code struct kvm_vcpu_events}, valid after an exit where {@link KvmRun#SYNC_EVENTS} was asked for
     */
    public MemorySegment syncEvents() {
        return syncEvents;
    }

    /**
     * Makes the calling thread the one that runs this vCPU, and sets the kick up in it. A kick that came before counts.
     * A thread is bound to one vCPU at a time.
     *
     * @throws ErrnoException when the kernel refuses
     * @throws IllegalStateException on a virtual thread, or where another thread is bound
     */
    public void bind() throws ErrnoException {
        kick.bind(fd, name);
    }

    /**
     * Ends the calling thread's binding and puts its signal mask back.
     *
     * @throws ErrnoException when the kernel refuses
     * @throws IllegalStateException where the calling thread is not bound
     */
    public void unbind() throws ErrnoException {
        kick.unbind(name);
    }

    /**
     * Runs the guest until it exits. Allocates nothing and never throws. What a caller must read before the next call: the exit in
     * {@link #runArea}; what it must do: answer reads there.
     *
     * @return 0 for an exit that {@link KvmRun#exitReason} tells; {@code -EINTR} after a {@link #kick}, {@code immediate_exit} or
     *     another signal (a kick makes at least one such return); {@code -EAGAIN} where the vCPU waits for INIT or
     *     was just given its start; {@code -EPERM} where the calling thread is not bound; another negative errno for a failure
     */
    public int run() {
        if (!kick.boundToCaller()) {
            return -Errno.EPERM;
        }
        int result = (int) Linux.ioctl(errnoBuffer, fdNumber, Ioctl.KVM_RUN, 0);
        if (result == -Errno.EINTR) {
            kick.drain();
        }
        return result;
    }

    /**
     * Makes {@link #run} return {@code -EINTR}: at once where the guest runs, spins or halts, else at its next call. Kicks that the
     * vCPU has not answered yet fall together. Allocates nothing; any thread.
     *
     * @return false where the kernel could not queue the signal (the user's limit of pending signals is reached): try again
     */
    public boolean kick() {
        return kick.send();
    }

    /**
     * Reads the general registers ({@code KVM_GET_REGS}).
     *
     * @return {@code struct kvm_regs}, see {@link KvmRegs}; this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readRegs() throws ErrnoException {
        call(Ioctl.KVM_GET_REGS, regs, "KVM_GET_REGS");
        return regs;
    }

    /**
     * Writes what stands in the buffer of {@link #readRegs} back ({@code KVM_SET_REGS}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeRegs() throws ErrnoException {
        call(Ioctl.KVM_SET_REGS, regs, "KVM_SET_REGS");
    }

    /**
     * Reads the segment, table and control registers ({@code KVM_GET_SREGS}).
     *
     * @return {@code struct kvm_sregs}, see {@link KvmSregs}; this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readSregs() throws ErrnoException {
        call(Ioctl.KVM_GET_SREGS, sregs, "KVM_GET_SREGS");
        return sregs;
    }

    /**
     * Writes what stands in the buffer of {@link #readSregs} back ({@code KVM_SET_SREGS}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeSregs() throws ErrnoException {
        call(Ioctl.KVM_SET_SREGS, sregs, "KVM_SET_SREGS");
    }

    /**
     * Reads the same with the PAE directory pointers ({@link KvmCapability#SREGS2}) ({@code KVM_GET_SREGS2}).
     *
     * @return {@code struct kvm_sregs2}: {@code flags} at 280 (bit 0: the pointers are valid), four pointers from 288; this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readSregs2() throws ErrnoException {
        call(Ioctl.KVM_GET_SREGS2, sregs2, "KVM_GET_SREGS2");
        return sregs2;
    }

    /**
     * Writes what stands in the buffer of {@link #readSregs2} back ({@code KVM_SET_SREGS2}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeSregs2() throws ErrnoException {
        call(Ioctl.KVM_SET_SREGS2, sregs2, "KVM_SET_SREGS2");
    }

    /**
     * Reads the pending events ({@code KVM_GET_VCPU_EVENTS}).
     *
     * @return {@code struct kvm_vcpu_events}, see {@link KvmEvents}; this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readEvents() throws ErrnoException {
        call(Ioctl.KVM_GET_VCPU_EVENTS, events, "KVM_GET_VCPU_EVENTS");
        return events;
    }

    /**
     * Writes what stands in the buffer of {@link #readEvents} back ({@code KVM_SET_VCPU_EVENTS}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeEvents() throws ErrnoException {
        call(Ioctl.KVM_SET_VCPU_EVENTS, events, "KVM_SET_VCPU_EVENTS");
    }

    /**
     * Reads the x87 and SSE registers ({@code KVM_GET_FPU}).
     *
     * @return {@code struct kvm_fpu}; this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readFpu() throws ErrnoException {
        call(Ioctl.KVM_GET_FPU, fpu, "KVM_GET_FPU");
        return fpu;
    }

    /**
     * Writes what stands in the buffer of {@link #readFpu} back ({@code KVM_SET_FPU}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeFpu() throws ErrnoException {
        call(Ioctl.KVM_SET_FPU, fpu, "KVM_SET_FPU");
    }

    /**
     * Reads the debug registers ({@code KVM_GET_DEBUGREGS}).
     *
     * @return {@code struct kvm_debugregs}: DR0 to DR3, DR6, DR7, flags, 8 bytes each; this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readDebugregs() throws ErrnoException {
        call(Ioctl.KVM_GET_DEBUGREGS, debugregs, "KVM_GET_DEBUGREGS");
        return debugregs;
    }

    /**
     * Writes what stands in the buffer of {@link #readDebugregs} back ({@code KVM_SET_DEBUGREGS}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeDebugregs() throws ErrnoException {
        call(Ioctl.KVM_SET_DEBUGREGS, debugregs, "KVM_SET_DEBUGREGS");
    }

    /**
     * Reads the extended control registers ({@code KVM_GET_XCRS}).
     *
     * @return {@code struct kvm_xcrs}: count (4 bytes), flags (4), then number (4), padding (4), value (8) of each; this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readXcrs() throws ErrnoException {
        call(Ioctl.KVM_GET_XCRS, xcrs, "KVM_GET_XCRS");
        return xcrs;
    }

    /**
     * Writes what stands in the buffer of {@link #readXcrs} back ({@code KVM_SET_XCRS}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeXcrs() throws ErrnoException {
        call(Ioctl.KVM_SET_XCRS, xcrs, "KVM_SET_XCRS");
    }

    /**
     * Reads the in-kernel LAPIC's registers ({@code KVM_GET_LAPIC}).
     *
     * @return 1024 bytes, a register every 16 (Intel SDM vol. 3, table 11-1); this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readLapic() throws ErrnoException {
        call(Ioctl.KVM_GET_LAPIC, lapic, "KVM_GET_LAPIC");
        return lapic;
    }

    /**
     * Writes what stands in the buffer of {@link #readLapic} back ({@code KVM_SET_LAPIC}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeLapic() throws ErrnoException {
        call(Ioctl.KVM_SET_LAPIC, lapic, "KVM_SET_LAPIC");
    }

    /**
     * Reads the XSAVE image ({@code KVM_GET_XSAVE2}, or {@code KVM_GET_XSAVE} on older kernels).
     *
     * @return at least 4096 bytes in the standard format (Intel SDM vol. 1, 13.4); this vCPU's buffer
     * @throws ErrnoException when the kernel refuses
     */
    public MemorySegment readXsave() throws ErrnoException {
        call(xsave2 ? Ioctl.KVM_GET_XSAVE2 : Ioctl.KVM_GET_XSAVE, xsave, "KVM_GET_XSAVE");
        return xsave;
    }

    /**
     * Writes what stands in the buffer of {@link #readXsave} back ({@code KVM_SET_XSAVE}).
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void writeXsave() throws ErrnoException {
        call(Ioctl.KVM_SET_XSAVE, xsave, "KVM_SET_XSAVE");
    }

    /**
     * Reads a model-specific register.
     *
     * @param index the register
     * @return its value
     * @throws ErrnoException {@code EINVAL} where KVM does not know it
     */
    public long readMsr(int index) throws ErrnoException {
        msr(Ioctl.KVM_GET_MSRS, index, 0, "KVM_GET_MSRS");
        return scratch.get(JAVA_LONG, 16);
    }

    /**
     * Writes a model-specific register.
     *
     * @param index the register
     * @param value its value
     * @throws ErrnoException {@code EINVAL} where KVM does not know it or refuses the value
     */
    public void writeMsr(int index, long value) throws ErrnoException {
        msr(Ioctl.KVM_SET_MSRS, index, value, "KVM_SET_MSRS");
    }

    private void msr(long request, int index, long value, String call) throws ErrnoException {
        // struct kvm_msrs { u32 nmsrs, pad; { u32 index, reserved; u64 data } entries[] }; the result counts those
        // done.
        scratch.set(JAVA_LONG, 0, 1);
        scratch.set(JAVA_LONG, 8, Integer.toUnsignedLong(index));
        scratch.set(JAVA_LONG, 16, value);
        long done = call(request, scratch, call);
        if (done != 1) {
            throw new ErrnoException(call, name + ", MSR 0x" + Integer.toHexString(index), Errno.EINVAL);
        }
    }

    /**
     * Gives the guest its CPUID leaves ({@code KVM_SET_CPUID2}); before the first {@link #run}.
     *
     * @param table the leaves
     * @throws ErrnoException when the kernel refuses
     */
    public void setCpuid(CpuidEntries table) throws ErrnoException {
        try (Arena temporary = Arena.ofConfined()) {
            call(Ioctl.KVM_SET_CPUID2, table.toNative(temporary), "KVM_SET_CPUID2");
        }
    }

    /**
     * The guest's CPUID leaves ({@code KVM_GET_CPUID2}).
     *
     * @return a new table
     * @throws ErrnoException when the kernel refuses
     */
    public CpuidEntries cpuid() throws ErrnoException {
        return CpuidEntries.query(fd, Ioctl.KVM_GET_CPUID2, "KVM_GET_CPUID2");
    }

    /**
     * The multiprocessor state.
     *
     * @return an {@code MP_…} constant
     * @throws ErrnoException when the kernel refuses
     */
    public int mpState() throws ErrnoException {
        call(Ioctl.KVM_GET_MP_STATE, scratch, "KVM_GET_MP_STATE");
        return scratch.get(JAVA_INT, 0);
    }

    /**
     * Sets the multiprocessor state.
     *
     * @param state an {@code MP_…} constant
     * @throws ErrnoException when the kernel refuses
     */
    public void setMpState(int state) throws ErrnoException {
        scratch.set(JAVA_INT, 0, state);
        call(Ioctl.KVM_SET_MP_STATE, scratch, "KVM_SET_MP_STATE");
    }

    /**
     * Queues an external interrupt; only without the in-kernel LAPIC, and where {@link KvmRun#readyForInterrupt}.
     *
     * @param vector 0 to 255
     * @throws ErrnoException {@code EEXIST} where one is queued, {@code ENXIO} with an in-kernel PIC
     */
    public void interrupt(int vector) throws ErrnoException {
        scratch.set(JAVA_INT, 0, vector);
        call(Ioctl.KVM_INTERRUPT, scratch, "KVM_INTERRUPT");
    }

    /**
     * Queues a non-maskable interrupt.
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void nmi() throws ErrnoException {
        Ioctl.call(fd, Ioctl.KVM_NMI, 0, "KVM_NMI", name);
    }

    /**
     * Sets single step and breakpoints up ({@code KVM_SET_GUEST_DEBUG}).
     *
     * @param control {@code DEBUG_…} bits, 0 for off
     * @param debugRegisters DR0 to DR7 for {@link #DEBUG_HARDWARE_BREAKPOINTS}; may be shorter, the rest is 0
     * @throws ErrnoException when the kernel refuses
     */
    public void setGuestDebug(int control, long... debugRegisters) throws ErrnoException {
        // struct kvm_guest_debug { u32 control, pad; u64 debugreg[8] }
        scratch.fill((byte) 0);
        scratch.set(JAVA_INT, 0, control);
        MemorySegment.copy(debugRegisters, 0, scratch, JAVA_LONG, 8, Math.min(8, debugRegisters.length));
        call(Ioctl.KVM_SET_GUEST_DEBUG, scratch, "KVM_SET_GUEST_DEBUG");
    }

    /**
     * The guest's time stamp counter frequency.
     *
     * @return kHz
     * @throws ErrnoException when the kernel refuses
     */
    public int tscKhz() throws ErrnoException {
        return (int) Ioctl.call(fd, Ioctl.KVM_GET_TSC_KHZ, 0, "KVM_GET_TSC_KHZ", name);
    }

    /**
     * Sets the guest's time stamp counter frequency; where it differs from the host's this needs
     * {@link KvmCapability#TSC_CONTROL}.
     *
     * @param khz kHz
     * @throws ErrnoException when the kernel refuses
     */
    public void setTscKhz(int khz) throws ErrnoException {
        Ioctl.call(fd, Ioctl.KVM_SET_TSC_KHZ, khz, "KVM_SET_TSC_KHZ", name);
    }

    /**
     * Translates an address by the guest's own page tables ({@code KVM_TRANSLATE}).
     *
     * @param gva a linear address
     * @return the gpa, or {@link #NOT_MAPPED}
     * @throws ErrnoException when the kernel refuses
     */
    public long translate(long gva) throws ErrnoException {
        // struct kvm_translation { u64 linear, physical; u8 valid, writeable, usermode, pad[5] }
        scratch.set(JAVA_LONG, 0, gva);
        call(Ioctl.KVM_TRANSLATE, scratch, "KVM_TRANSLATE");
        boolean valid = (scratch.get(JAVA_INT, 16) & 0xff) != 0;
        return valid ? scratch.get(JAVA_LONG, 8) : NOT_MAPPED;
    }

    private long call(long request, MemorySegment argument, String call) throws ErrnoException {
        return Ioctl.call(fd, request, argument, call, name);
    }

    void requireUnbound() {
        kick.requireUnbound(name);
    }

    /**
     * Unmaps the run area and closes the descriptor; a second call does nothing.
     *
     * @throws IllegalStateException where a thread is still bound
     */
    @Override
    public void close() {
        requireUnbound();
        mapping.close();
        fd.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
