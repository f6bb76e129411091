package dev.cloister.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.DebugOptions;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.report.MachineExit;
import dev.cloister.vmm.report.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Breakpoints without a debugger, and traces. */
@Timeout(300)
class LookTest {
    /** The second half of its first page is mapped at 0x40000000 as well: two linear addresses of one guest-physical one. */
    private static final String TWICE = """
        main:   mov     rax, [pdpt + 0]
                mov     [pdpt + 8], rax
                mov     rax, cr3
                mov     cr3, rax
                lea     rax, [inner]
                mov     ecx, 0x40000000
                add     rax, rcx
                call    rax
                exit    7
        inner:  mov     esi, 0x5ca1ab1e
                ret
        trap:   exit    99
        """;

    private final List<String> said = new CopyOnWriteArrayList<>();

    private MachineExit run(Engine engine, BootImage image, DebugOptions options) throws Exception {
        MachineConfig config = MachineConfig.builder(image)
                .engine(engine)
                .memory(16L << 20)
                .debugExit(true)
                .debug(options)
                .build();
        try (Machine machine =
                engine == Engine.DIRECT ? Machine.create(TestGuest.kvm(), config) : Machine.open(config)) {
            machine.start();
            return machine.await();
        }
    }

    private DebugOptions breakAt(String... places) {
        return new DebugOptions(List.of(places), null, null, DebugOptions.DEFAULT_TRACE, said::add);
    }

    @ParameterizedTest
    @CsvSource({"DIRECT,gva", "DIRECT,gpa", "EMULATED,gva", "EMULATED,gpa"})
    void aBreakpointPrintsRegistersAndCodeAndEndsTheGuest(Engine engine, String kind) throws Exception {
        MachineExit exit =
                run(engine, TestGuest.real("nop\nnop\nmov ax, 0x1234\nout 0x80, al\n"), breakAt(kind + ":0x7c01"));
        assertThat(exit.outcome()).isEqualTo(Outcome.BREAKPOINT);
        assertThat(exit.exitCode()).isEqualTo(133);
        assertThat(exit.report().detail()).contains(kind + ":0x7c01");
        assertThat(said).hasSize(1);
        assertThat(said.getFirst())
                .contains("stopped on vCPU 0 at " + kind + ":0x7c01", "mode REAL", "rip    0000000000007c01")
                .contains("0000000000007c01  nop", "0000000000007c02  mov ax,0x1234");
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void aGuestPhysicalBreakpointIsMetByWhateverAddressLeadsThere(Engine engine) throws Exception {
        BootImage image = TestGuest.long64(TWICE);
        ByteArrayOutputStream trace = new ByteArrayOutputStream();
        run(Engine.EMULATED, image, traceTo(trace, DebugOptions.DEFAULT_TRACE));
        String line = trace.toString(StandardCharsets.US_ASCII)
                .lines()
                .filter(l -> l.contains("0x5ca1ab1e"))
                .findFirst()
                .orElseThrow();
        long gva = Long.parseUnsignedLong(line.substring(line.indexOf(':') + 1).split(" ")[0], 16);
        assertThat(gva).isGreaterThan(0x4000_0000L);
        String place = "gpa:0x" + Long.toHexString(gva - 0x4000_0000L);
        MachineExit exit = run(engine, image, breakAt(place));
        assertThat(exit.outcome()).isEqualTo(Outcome.BREAKPOINT);
        assertThat(said.getFirst()).contains(place, "mov esi,0x5ca1ab1e", "rip    " + "%016x".formatted(gva));
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "EMULATED"})
    void aGuestThatNeverComesThereEndsAsEver(Engine engine) throws Exception {
        MachineExit exit =
                run(engine, TestGuest.real("mov al, 3\nout 0xf4, al\n"), breakAt("gva:0x9999", "gpa:0xFFFFF000"));
        assertThat(exit.exitCode()).isEqualTo(7);
        assertThat(said).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0x7c00", "gva", "gva:", "gva:0x", "gpa:12g", "va:1", "", "gva:0x10000000000000000"})
    void aBreakpointThatCannotBeReadIsRefused(String text) {
        assertThatThrownBy(() -> breakAt(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected gpa:ADDRESS or gva:ADDRESS");
    }

    private DebugOptions traceTo(OutputStream out, long limit) {
        return new DebugOptions(List.of(), null, out, limit, said::add);
    }

    @Test
    void theEmulatedEngineTracesEachInstructionWithExitsAndFaults() throws Exception {
        ByteArrayOutputStream trace = new ByteArrayOutputStream();
        MachineExit exit = run(Engine.EMULATED, TestGuest.long64("""
            main:   mov     rbx, 0x200000000
                    mov     eax, [rbx]
                    exit    1
            trap:   exit    5
            """), traceTo(trace, DebugOptions.DEFAULT_TRACE));
        assertThat(exit.exitCode()).isEqualTo(11);
        List<String> lines = trace.toString(StandardCharsets.US_ASCII).lines().toList();
        assertThat(lines.getFirst()).startsWith("# cloister trace");
        assertThat(lines.get(1)).isEqualTo("0 insn  0008:00100000  cld");
        assertThat(lines)
                .anyMatch(l -> l.matches("0 fault #PF error 0x0 gva 0x200000000 rip 0x[0-9a-f]+  mov eax,.*rbx.*"));
        assertThat(lines).anyMatch(l -> l.equals("0 exit  io-out port 0xf4 size 1 value 0x5"));
        assertThat(lines.getLast()).isEqualTo("- end    of the trace: nothing is missing");
    }

    @Test
    void theDirectEngineTracesExitsAndWhatItCompletes() throws Exception {
        ByteArrayOutputStream trace = new ByteArrayOutputStream();
        run(Engine.DIRECT, TestGuest.real("mov al, 9\nout 0xf4, al\n"), traceTo(trace, DebugOptions.DEFAULT_TRACE));
        assertThat(trace.toString(StandardCharsets.US_ASCII))
                .contains("\n0 exit  io-out port 0xf4 size 1 value 0x9\n")
                .endsWith("\n- end    of the trace: nothing is missing\n");
    }

    @Test
    void aTraceKeepsToItsBoundAndSaysWhatIsMissing() throws Exception {
        ByteArrayOutputStream trace = new ByteArrayOutputStream();
        MachineExit exit = run(
                Engine.EMULATED,
                TestGuest.real("mov cx, 5000\nagain: loop again\nmov al, 1\nout 0xf4, al\n"),
                traceTo(trace, DebugOptions.LEAST_TRACE));
        assertThat(exit.exitCode()).isEqualTo(3);
        String text = trace.toString(StandardCharsets.US_ASCII);
        assertThat(text.length()).isLessThanOrEqualTo((int) DebugOptions.LEAST_TRACE);
        assertThat(text.lines().toList().getLast())
                .matches("- end    the trace is full: \\d+ events had no room in 4096 bytes.*");
        assertThat(exit.report().notes()).anyMatch(n -> n.startsWith("the trace is full"));
    }

    @Test
    void aTraceThatCannotBeWrittenDoesNotStopTheGuest() throws Exception {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        MachineExit exit = run(
                Engine.EMULATED,
                TestGuest.real("mov cx, 5000\nagain: loop again\nmov al, 1\nout 0xf4, al\n"),
                traceTo(full, DebugOptions.DEFAULT_TRACE));
        assertThat(exit.exitCode()).isEqualTo(3);
        assertThat(exit.report().notes()).anyMatch(n -> n.contains("No space left on device"));
    }
}
