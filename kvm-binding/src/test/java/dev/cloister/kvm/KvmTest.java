package dev.cloister.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.linux.Descriptors;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class KvmTest {
    @Test
    void aMissingDeviceIsExplained() {
        assertThatThrownBy(() -> Kvm.open("/dev/no-such-kvm"))
                .isInstanceOf(ErrnoException.class)
                .hasMessageStartingWith(
                        "open(\"/dev/no-such-kvm\") failed: ENOENT (No such file or directory). This kernel offers no"
                                + " KVM");
    }

    @Test
    void whatIsNotKvmIsRefusedAndClosed() throws Exception {
        assertThat(Descriptors.leakedBy(() -> assertThatThrownBy(() -> Kvm.open("/dev/null"))
                        .isInstanceOf(ErrnoException.class)
                        .hasMessageContaining("KVM_GET_API_VERSION")
                        .hasMessageContaining("ENOTTY")))
                .isZero();
    }

    @Test
    void theHostTellsVersionCapabilitiesCpuidAndMsrs() throws Exception {
        try (Kvm kvm = Guest.kvm();
                Vm vm = kvm.createVm()) {
            assertThat(kvm.apiVersion()).isEqualTo(12);
            assertThat(kvm.vcpuMmapSize()).isGreaterThanOrEqualTo(4096);
            assertThat(kvm.has(KvmCapability.USER_MEMORY)).isTrue();
            assertThat(vm.has(KvmCapability.SYNC_REGS)).isTrue();
            assertThat(vm.checkExtension(KvmCapability.NR_MEMSLOTS)).isGreaterThanOrEqualTo(32);
            CpuidEntries cpuid = kvm.supportedCpuid();
            assertThat(cpuid.get(0, 0)).isPresent();
            // Bit 5 of leaf 1 EDX is MSR, which every x86-64 processor has.
            assertThat(cpuid.get(1, 0).orElseThrow().edx() & 1 << 5).isNotZero();
            assertThat(kvm.msrIndexList()).contains(0x10, 0x174);
        }
    }

    @Test
    void aProgramWritesAPortAndHalts() throws Exception {
        // mov al, 0x5a; out 0x10, al; hlt
        try (Guest guest = Guest.realMode(0xb0, 0x5a, 0xe6, 0x10, 0xf4)) {
            MemorySegment run = guest.vcpu.runArea();
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(KvmRun.ioDirection(run)).isEqualTo(KvmRun.IO_OUT);
            assertThat(KvmRun.ioPort(run)).isEqualTo(0x10);
            assertThat(KvmRun.ioSize(run)).isEqualTo(1);
            assertThat(KvmRun.ioCount(run)).isEqualTo(1);
            assertThat(KvmRun.ioRead(run, KvmRun.ioDataOffset(run), 1)).isEqualTo(0x5a);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
        }
    }

    @Test
    void aPortReadGetsItsAnswer() throws Exception {
        // mov dx, 0x3f8; in eax, dx; hlt
        try (Guest guest = Guest.realMode(0xba, 0xf8, 0x03, 0x66, 0xed, 0xf4)) {
            MemorySegment run = guest.vcpu.runArea();
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(KvmRun.ioDirection(run)).isEqualTo(KvmRun.IO_IN);
            assertThat(KvmRun.ioSize(run)).isEqualTo(4);
            KvmRun.ioWrite(run, KvmRun.ioDataOffset(run), 4, 0xdeadbeefL);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
            assertThat(KvmRegs.rax(guest.vcpu.readRegs())).isEqualTo(0xdeadbeefL);
        }
    }

    @Test
    void anAccessOutsideAllSlotsIsAnMmioExit() throws Exception {
        // mov ax, 0xd000; mov ds, ax; mov al, [0]; mov [1], al; hlt
        try (Guest guest = Guest.realMode(0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0xa0, 0, 0, 0xa2, 1, 0, 0xf4)) {
            MemorySegment run = guest.vcpu.runArea();
            assertThat(guest.run()).isEqualTo(KvmExit.MMIO);
            assertThat(KvmRun.mmioAddress(run)).isEqualTo(0xd0000L);
            assertThat(KvmRun.mmioIsWrite(run)).isFalse();
            assertThat(KvmRun.mmioLength(run)).isEqualTo(1);
            KvmRun.setMmioData(run, 0x77);
            assertThat(guest.run()).isEqualTo(KvmExit.MMIO);
            assertThat(KvmRun.mmioAddress(run)).isEqualTo(0xd0001L);
            assertThat(KvmRun.mmioIsWrite(run)).isTrue();
            assertThat(KvmRun.mmioData(run) & 0xff).isEqualTo(0x77);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
        }
    }

    @Test
    void aReadOnlySlotIsReadWithoutExitAndWrittenWithOne() throws Exception {
        // mov ax, 0xd000; mov ds, ax; mov al, [0]; inc ax; mov [0], al; hlt
        try (Guest guest = Guest.realMode(0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0xa0, 0, 0, 0x40, 0xa2, 0, 0, 0xf4);
                Mapping host = Mapping.anonymous(4096)) {
            host.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 0x41);
            guest.vm.setMemorySlot(1, 0xd0000, host.segment(), Vm.READ_ONLY);
            MemorySegment run = guest.vcpu.runArea();
            assertThat(guest.run()).isEqualTo(KvmExit.MMIO);
            assertThat(KvmRun.mmioIsWrite(run)).isTrue();
            assertThat(KvmRun.mmioAddress(run)).isEqualTo(0xd0000L);
            assertThat(KvmRun.mmioData(run) & 0xff).isEqualTo(0x42);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
            assertThat(host.segment().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0x41);
            guest.vm.deleteMemorySlot(1);
            assertThatThrownBy(() -> guest.vm.deleteMemorySlot(1))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("slot 1")
                    .hasMessageContaining("EINVAL");
        }
    }

    @Test
    void badSlotsAreRefusedByName() throws Exception {
        try (Guest guest = Guest.realMode(0xf4);
                Mapping host = Mapping.anonymous(8192)) {
            assertThatThrownBy(() -> guest.vm.setMemorySlot(1, 0x8000, host.segment(), 0))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessage(
                            "KVM_SET_USER_MEMORY_REGION(slot 1, gpa 0x8000, 8192 bytes) failed: EEXIST (File exists)");
            assertThatThrownBy(() -> guest.vm.setMemorySlot(1, 0x20001, host.segment(), 0))
                    .hasMessageContaining("EINVAL");
        }
    }

    @Test
    void theDirtyLogNamesThePagesWritten() throws Exception {
        // mov byte [0x3000], 1; hlt
        try (Guest guest = Guest.realMode(0xc6, 0x06, 0x00, 0x30, 1, 0xf4)) {
            guest.vm.setMemorySlot(0, 0, guest.memory.segment(), Vm.LOG_DIRTY_PAGES);
            guest.vm.dirtyLog(0);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
            assertThat(guest.vm.dirtyLog(0)[0] & 1L << 3).isNotZero();
            assertThat(guest.vm.dirtyLog(0)[0]).isZero();
        }
    }

    @Test
    void registersTravelThroughTheRunArea() throws Exception {
        // mov al, 1; out 0x10, al; out 0x11, al; hlt
        try (Guest guest = Guest.realMode(0xb0, 1, 0xe6, 0x10, 0xe6, 0x11, 0xf4)) {
            Vcpu vcpu = guest.vcpu;
            Assumptions.assumeTrue(vcpu.syncSupported(), "this KVM lacks KVM_CAP_SYNC_REGS");
            MemorySegment run = vcpu.runArea();
            KvmRun.setValidGroups(run, KvmRun.SYNC_REGS | KvmRun.SYNC_SREGS | KvmRun.SYNC_EVENTS);
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(KvmRegs.rax(vcpu.syncRegs()) & 0xff).isEqualTo(1);
            assertThat(KvmSregs.selector(vcpu.syncSregs(), KvmSregs.CS)).isZero();
            assertThat(KvmSregs.limit(vcpu.syncSregs(), KvmSregs.CS)).isEqualTo(0xffff);
            assertThat(KvmEvents.get(vcpu.syncEvents(), KvmEvents.EXCEPTION_INJECTED))
                    .isZero();
            KvmRegs.set(vcpu.syncRegs(), KvmRegs.byEncoding(0), 0x99);
            KvmRun.markDirty(run, KvmRun.SYNC_REGS);
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(KvmRun.dirtyGroups(run)).isZero();
            assertThat(KvmRun.ioRead(run, KvmRun.ioDataOffset(run), 1)).isEqualTo(0x99);
        }
    }

    @Test
    void aPortEventSignalsWithoutAnExit() throws Exception {
        // mov dx, 0xc200; out dx, eax; out dx, eax; out dx, al; hlt
        try (Guest guest = Guest.realMode(0xba, 0x00, 0xc2, 0x66, 0xef, 0x66, 0xef, 0xee, 0xf4);
                EventFd event = EventFd.create()) {
            guest.vm.assignPortEvent(event.fd(), 0xc200, 4);
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(KvmRun.ioSize(guest.vcpu.runArea())).isEqualTo(1);
            assertThat(event.drain()).isEqualTo(2);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
            assertThatThrownBy(() -> guest.vm.assignPortEvent(event.fd(), 0xc200, 4))
                    .hasMessageContaining("port 0xc200")
                    .hasMessageContaining("EEXIST");
            guest.vm.deassignPortEvent(event.fd(), 0xc200, 4);
            guest.start(Guest.ENTRY);
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(event.drain()).isZero();
        }
    }

    @Test
    void aPortEventWithAValueSignalsOnlyForIt() throws Exception {
        // mov al, 7; out 0x20, al; mov al, 8; out 0x20, al; hlt
        try (Guest guest = Guest.realMode(0xb0, 7, 0xe6, 0x20, 0xb0, 8, 0xe6, 0x20, 0xf4);
                EventFd event = EventFd.create()) {
            guest.vm.assignPortEvent(event.fd(), 0x20, 1, 7);
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(KvmRun.ioRead(guest.vcpu.runArea(), KvmRun.ioDataOffset(guest.vcpu.runArea()), 1))
                    .isEqualTo(8);
            assertThat(event.drain()).isEqualTo(1);
        }
    }

    @Test
    void anMmioEventSignalsWithoutAnExit() throws Exception {
        // mov ax, 0xd000; mov ds, ax; mov [0], al; hlt
        try (Guest guest = Guest.realMode(0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0xa2, 0, 0, 0xf4);
                EventFd event = EventFd.create()) {
            guest.vm.assignMmioEvent(event.fd(), 0xd0000, 1);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
            assertThat(event.drain()).isEqualTo(1);
            guest.vm.deassignMmioEvent(event.fd(), 0xd0000, 1);
        }
    }

    /** sti; hlt; jmp back. Handler of vector 0x60 at 0x2000: out 0x30, al. */
    private static Guest interruptible() throws Exception {
        Guest guest = Guest.withIrqChip(0xfb, 0xf4, 0xeb, 0xfc);
        guest.load(0x2000, 0xe6, 0x30, 0xcf);
        guest.load(0x60 * 4, 0x00, 0x20, 0, 0);
        MemorySegment lapic = guest.vcpu.readLapic();
        // Spurious-interrupt vector register: software enable (Intel SDM vol. 3, 11.9).
        lapic.set(ValueLayout.JAVA_INT, 0xf0, 0x1ff);
        guest.vcpu.writeLapic();
        return guest;
    }

    @Test
    void anIrqfdInterruptsTheGuestThroughAMessageRoute() throws Exception {
        try (Guest guest = interruptible();
                EventFd event = EventFd.create()) {
            guest.vm.setGsiRouting(GsiRouting.standard().lapic(32, 0, 0x60));
            guest.vm.assignIrqfd(event.fd(), 32);
            event.signal();
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(KvmRun.ioPort(guest.vcpu.runArea())).isEqualTo(0x30);
            assertThatThrownBy(() -> guest.vm.assignIrqfd(event.fd(), 32)).hasMessageContaining("GSI 32");
            guest.vm.deassignIrqfd(event.fd(), 32);
        }
    }

    @Test
    void aMessageInterruptsTheGuest() throws Exception {
        try (Guest guest = interruptible()) {
            assertThat(guest.vm.signalMsi(GsiRouting.lapicAddress(0), 0x60)).isTrue();
            assertThat(guest.run()).isEqualTo(KvmExit.IO);
            assertThat(guest.vcpu.mpState()).isEqualTo(Vcpu.MP_RUNNABLE);
        }
    }

    @Test
    void chipsAndLinesAnswer() throws Exception {
        try (Kvm kvm = Guest.kvm();
                Vm vm = kvm.createVm()) {
            vm.setTssAddress(0xfffbd000L);
            vm.setIdentityMapAddress(0xfffbc000L);
            vm.createIrqChip();
            vm.createPit2(true);
            vm.irqLine(4, true);
            vm.irqLine(4, false);
            assertThatThrownBy(vm::createIrqChip).hasMessageContaining("EEXIST");
            vm.createVcpu(0);
            assertThatThrownBy(() -> vm.createVcpu(0)).hasMessageContaining("vCPU 0");
            assertThat(vm.createVcpu(1).mpState()).isEqualTo(Vcpu.MP_UNINITIALIZED);
        }
    }

    @Test
    void anEmulationFailureTellsTheBytes() throws Exception {
        // mov ax, 0xd000; mov ds, ax; fld dword [0]; hlt: no emulator in KVM loads the x87 from a device.
        try (Guest guest = Guest.realMode(0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0xd9, 0x06, 0, 0, 0xf4)) {
            Assumptions.assumeTrue(
                    guest.vm.enableExitOnEmulationFailure(), "this KVM lacks KVM_CAP_EXIT_ON_EMULATION_FAILURE");
            MemorySegment run = guest.vcpu.runArea();
            assertThat(guest.run()).isEqualTo(KvmExit.INTERNAL_ERROR);
            assertThat(KvmRun.internalSuberror(run)).isEqualTo(KvmRun.INTERNAL_ERROR_EMULATION);
            assertThat(KvmRun.emulationInstructionSize(run)).isGreaterThanOrEqualTo(4);
            assertThat(KvmRun.emulationInstructionByte(run, 0)).isEqualTo((byte) 0xd9);
            assertThat(KvmRun.emulationInstructionByte(run, 1)).isEqualTo((byte) 0x06);
            assertThat(guest.vcpu.readRegs().get(ValueLayout.JAVA_LONG, KvmRegs.RIP))
                    .isEqualTo(Guest.ENTRY + 5);
        }
    }

    @Test
    void aTripleFaultIsAShutdown() throws Exception {
        // ud2 in 32-bit protected mode with an interrupt table of length 0
        try (Guest guest = Guest.realMode(0x0f, 0x0b)) {
            MemorySegment sregs = guest.vcpu.readSregs();
            KvmSregs.set(sregs, KvmSregs.CR0, KvmSregs.get(sregs, KvmSregs.CR0) | 1);
            KvmSregs.setTable(sregs, KvmSregs.IDT, 0, 0);
            KvmSregs.setSegment(sregs, KvmSregs.CS, 0, -1, 8);
            KvmSregs.setAttribute(sregs, KvmSregs.CS, KvmSregs.SEGMENT_TYPE, 11);
            KvmSregs.setAttribute(sregs, KvmSregs.CS, KvmSregs.SEGMENT_DB, 1);
            KvmSregs.setAttribute(sregs, KvmSregs.CS, KvmSregs.SEGMENT_G, 1);
            guest.vcpu.writeSregs();
            assertThat(guest.run()).isEqualTo(KvmExit.SHUTDOWN);
            assertThat(KvmExit.name(KvmExit.SHUTDOWN)).isEqualTo("SHUTDOWN");
            assertThat(KvmExit.name(1234)).isEqualTo("exit 1234");
        }
    }

    @Test
    void theGuestSeesTheCpuidItWasGiven() throws Exception {
        // mov eax, 0x40000100; cpuid; hlt
        try (Guest guest = Guest.realMode(0x66, 0xb8, 0x00, 0x01, 0x00, 0x40, 0x0f, 0xa2, 0xf4)) {
            CpuidEntries table = guest.kvm.supportedCpuid();
            table.set(CpuidEntries.Entry.leaf(0x40000100, 1, 0x11, 0x22, 0x33));
            table.set(CpuidEntries.Entry.leaf(0x40000100, 1, 0x44, 0x55, 0x66));
            guest.vcpu.setCpuid(table);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
            MemorySegment regs = guest.vcpu.readRegs();
            assertThat(KvmRegs.get(regs, KvmRegs.RBX)).isEqualTo(0x44);
            assertThat(KvmRegs.get(regs, KvmRegs.RDX)).isEqualTo(0x66);
            assertThat(guest.vcpu.cpuid().get(0x40000100, 0).orElseThrow().ecx())
                    .isEqualTo(0x55);
        }
    }

    @Test
    void cpuidLeavesAreFoundAsTheInstructionFindsThem() {
        CpuidEntries table = new CpuidEntries();
        table.set(new CpuidEntries.Entry(4, 0, CpuidEntries.SIGNIFICANT_INDEX, 1, 0, 0, 0));
        table.set(new CpuidEntries.Entry(4, 1, CpuidEntries.SIGNIFICANT_INDEX, 2, 0, 0, 0));
        table.set(CpuidEntries.Entry.leaf(1, 3, 0, 0, 0));
        assertThat(table.get(4, 1).orElseThrow().eax()).isEqualTo(2);
        assertThat(table.get(1, 99).orElseThrow().eax()).isEqualTo(3);
        assertThat(table.get(4, 2)).isEmpty();
        table.remove(4);
        assertThat(table.entries()).hasSize(1);
    }

    @Test
    void msrsAreReadWrittenAndRefusedByName() throws Exception {
        try (Guest guest = Guest.realMode(0xf4)) {
            guest.vcpu.setCpuid(guest.kvm.supportedCpuid());
            // IA32_SYSENTER_EIP
            guest.vcpu.writeMsr(0x176, 0x123456L);
            assertThat(guest.vcpu.readMsr(0x176)).isEqualTo(0x123456L);
            assertThatThrownBy(() -> guest.vcpu.readMsr(0x4b564dff))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("MSR 0x4b564dff");
        }
    }

    @Test
    void aFilteredMsrComesToUserSpace() throws Exception {
        // mov ecx, 0x176; rdmsr; hlt
        try (Guest guest = Guest.realMode(0x66, 0xb9, 0x76, 0x01, 0, 0, 0x0f, 0x32, 0xf4)) {
            Assumptions.assumeTrue(
                    guest.vm.enableUserSpaceMsr(Vm.MSR_EXIT_FILTER), "this KVM lacks KVM_CAP_X86_USER_SPACE_MSR");
            guest.vm.setMsrFilter(false, List.of(new Vm.MsrRange(true, true, 0x176, 1, new BitSet())));
            MemorySegment run = guest.vcpu.runArea();
            assertThat(guest.run()).isEqualTo(KvmExit.X86_RDMSR);
            assertThat(KvmRun.msrIndex(run)).isEqualTo(0x176);
            assertThat(KvmRun.msrReason(run)).isEqualTo(KvmRun.MSR_REASON_FILTER);
            KvmRun.setMsrData(run, 0xabcdL);
            KvmRun.setMsrError(run, false);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
            assertThat(KvmRegs.rax(guest.vcpu.readRegs())).isEqualTo(0xabcdL);
        }
    }

    @Test
    void singleStepStopsAfterEachInstruction() throws Exception {
        try (Guest guest = Guest.realMode(0x90, 0x90, 0xf4)) {
            guest.vcpu.setGuestDebug(Vcpu.DEBUG_ENABLE | Vcpu.DEBUG_SINGLE_STEP);
            assertThat(guest.run()).isEqualTo(KvmExit.DEBUG);
            assertThat(KvmRun.debugException(guest.vcpu.runArea())).isEqualTo(1);
            assertThat(KvmRun.debugPc(guest.vcpu.runArea())).isEqualTo(Guest.ENTRY + 1);
            guest.vcpu.setGuestDebug(0);
            assertThat(guest.run()).isEqualTo(KvmExit.HLT);
        }
    }

    @Test
    void theOtherRegisterSetsReadAndWriteBack() throws Exception {
        try (Guest guest = Guest.withIrqChip(0xf4)) {
            Vcpu vcpu = guest.vcpu;
            vcpu.setCpuid(guest.kvm.supportedCpuid());
            assertThat(vcpu.readFpu().byteSize()).isEqualTo(Vcpu.FPU_SIZE);
            vcpu.writeFpu();
            assertThat(vcpu.readXsave().byteSize()).isGreaterThanOrEqualTo(4096);
            assertThat(vcpu.readXsave().get(ValueLayout.JAVA_INT, 24)).isEqualTo(0x1f80);
            vcpu.writeXsave();
            assertThat(vcpu.readXcrs().get(ValueLayout.JAVA_INT, 0)).isEqualTo(1);
            vcpu.writeXcrs();
            vcpu.readDebugregs().set(ValueLayout.JAVA_LONG, 8, 0x1234L);
            vcpu.writeDebugregs();
            assertThat(vcpu.readDebugregs().get(ValueLayout.JAVA_LONG, 8)).isEqualTo(0x1234L);
            assertThat(KvmEvents.get(vcpu.readEvents(), KvmEvents.NMI_PENDING)).isZero();
            vcpu.writeEvents();
            vcpu.setMpState(Vcpu.MP_HALTED);
            assertThat(vcpu.mpState()).isEqualTo(Vcpu.MP_HALTED);
            assertThat(vcpu.tscKhz()).isPositive();
            assertThat(vcpu.translate(0x1234)).isEqualTo(0x1234);
            if (guest.vm.has(KvmCapability.SREGS2)) {
                assertThat(vcpu.readSregs2().get(ValueLayout.JAVA_LONG, KvmSregs.APIC_BASE))
                        .isEqualTo(KvmSregs.get(vcpu.readSregs(), KvmSregs.APIC_BASE));
                vcpu.writeSregs2();
            }
        }
    }

    @Test
    void onlyTheBoundThreadRuns() throws Exception {
        try (Guest guest = Guest.realMode(0xf4)) {
            assertThat(guest.vcpu.run()).isEqualTo(-Errno.EPERM);
            guest.vcpu.bind();
            int[] result = new int[1];
            Thread.ofPlatform().start(() -> result[0] = guest.vcpu.run()).join();
            assertThat(result[0]).isEqualTo(-Errno.EPERM);
            assertThatThrownBy(guest.vcpu::bind).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(guest.vm::close).isInstanceOf(IllegalStateException.class);
            guest.vcpu.unbind();
            assertThatThrownBy(guest.vcpu::unbind).isInstanceOf(IllegalStateException.class);
            Throwable[] refused = new Throwable[1];
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            guest.vcpu.bind();
                        } catch (IllegalStateException | ErrnoException e) {
                            refused[0] = e;
                        }
                    })
                    .join();
            assertThat(refused[0]).hasMessageContaining("platform thread");
        }
    }

    @Test
    void aPassedDescriptorIsAKvmAsWell() throws Exception {
        try (Kvm kvm = Guest.kvm();
                Kvm second = Kvm.adopt(Linux.open(Kvm.DEVICE, Linux.O_RDWR));
                Kvm third = Kvm.adopt(kvm.fd().duplicate())) {
            assertThat(second.vcpuMmapSize()).isEqualTo(third.vcpuMmapSize());
        }
    }

    @Test
    void nothingStaysOpen() throws Exception {
        Guest.kvm().close();
        assertThat(Descriptors.leakedBy(() -> {
                    try (Guest guest = Guest.withIrqChip(0xb0, 1, 0xe6, 0x10)) {
                        assertThat(guest.run()).isEqualTo(KvmExit.IO);
                    }
                }))
                .isZero();
    }
}
