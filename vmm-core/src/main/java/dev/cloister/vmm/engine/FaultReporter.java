package dev.cloister.vmm.engine;

import dev.cloister.emulator.Disassembler;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;
import dev.cloister.vmm.memory.GuestLinearMemory;
import dev.cloister.vmm.report.FaultReport;
import dev.cloister.vmm.report.RegisterDump;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Freezes a vCPU into a {@link FaultReport}. Used on its thread, at the end of the guest. */
public final class FaultReporter {
    /** Where the registers come from. */
    public interface Registers {
        /** All that a report shows; null where they cannot be read. */
        @Nullable
        CpuState read();
    }

    /** What happened to a guest whose processor gave up. */
    public static final String TRIPLE_FAULT =
            "triple fault: an exception could not be delivered, nor the double fault after it";

    /** What to do about it. */
    public static final String TRIPLE_FAULT_ADVICE =
            "look at the exception's cause at rip, and at the guest's IDT and stack";

    private static final int CODE_BYTES = 15;
    private static final String[] GENERAL = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"
    };
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};

    private final int vcpu;
    private final Registers registers;
    private final GuestLinearMemory memory;
    private final ExitRing ring;

    /** Reports about one vCPU, whose last exits the ring keeps. */
    public FaultReporter(int vcpu, Registers registers, GuestLinearMemory memory, ExitRing ring) {
        this.vcpu = vcpu;
        this.registers = registers;
        this.memory = memory;
        this.ring = ring;
    }

    /** What the vCPU is at now, and what may be done about it. */
    public FaultReport report(String reason, String suggestion) {
        CpuState state = registers.read();
        if (state == null) {
            return new FaultReport(
                    reason,
                    vcpu,
                    null,
                    "unknown: the registers cannot be read",
                    "",
                    ring.describe(),
                    suggestion,
                    List.of());
        }
        memory.prepare(state);
        byte[] code = new byte[CODE_BYTES];
        int length = memory.peek(state.segment(CpuState.CS).base() + state.rip(), code, CODE_BYTES);
        return new FaultReport(
                reason,
                vcpu,
                dump(state),
                decode(state, code, length),
                HexFormat.ofDelimiter(" ").formatHex(code, 0, length),
                ring.describe(),
                suggestion,
                List.of());
    }

    private static String decode(CpuState state, byte[] code, int length) {
        if (length == 0) {
            return "unknown: no memory at rip";
        }
        Disassembler disassembler = new Disassembler();
        disassembler.decode(code, 0, length, state.mode().bits(), state.rip());
        return disassembler.text();
    }

    static RegisterDump dump(CpuState state) {
        List<RegisterDump.Value> general = new ArrayList<>();
        for (int i = 0; i < GENERAL.length; i++) {
            general.add(new RegisterDump.Value(GENERAL[i], state.gpr(i)));
        }
        general.add(new RegisterDump.Value("rip", state.rip()));
        general.add(new RegisterDump.Value("rflags", state.rflags()));
        List<RegisterDump.Segment> segments = new ArrayList<>();
        for (int i = 0; i < SEGMENTS.length; i++) {
            SegmentRegister s = state.segment(i);
            segments.add(new RegisterDump.Segment(
                    SEGMENTS[i], s.selector(), s.base(), Integer.toUnsignedLong(s.limit()), s.attributes()));
        }
        List<RegisterDump.Segment> tables = List.of(
                new RegisterDump.Segment(
                        "gdtr", 0, state.gdtr().base(), state.gdtr().limit(), 0),
                new RegisterDump.Segment(
                        "idtr", 0, state.idtr().base(), state.idtr().limit(), 0));
        List<RegisterDump.Value> control = List.of(
                new RegisterDump.Value("cr0", state.cr0()),
                new RegisterDump.Value("cr2", state.cr2()),
                new RegisterDump.Value("cr3", state.cr3()),
                new RegisterDump.Value("cr4", state.cr4()),
                new RegisterDump.Value("cr8", state.cr8()),
                new RegisterDump.Value("efer", state.efer()));
        return new RegisterDump(state.mode().name(), state.cpl(), general, segments, tables, control);
    }
}
