package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.emulator.model.CpuModel;
import dev.cloister.emulator.model.LocalApicMsrs;
import dev.cloister.emulator.model.ModelEnvironment;
import dev.cloister.emulator.model.TimestampSource;
import dev.cloister.emulator.model.Topology;
import dev.cloister.mmu.DeviceWindow;
import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two processors change the same memory with LOCK, and nothing gets lost. */
class LockedTest {
    private static final int CODE = 0x1000;
    private static final int DATA = 0x4000;
    private static final int ROUNDS = 20_000;

    private final MemorySegment ram = Arena.ofShared().allocate(0x10000, 4096);
    private final DeviceWindow nothing = new DeviceWindow() {
        @Override
        public long read(long gpa, int size) {
            return -1;
        }

        @Override
        public void write(long gpa, int size, long value) {
            // There is no device.
        }
    };
    private final GuestMemory memory = GuestMemory.builder().ram("ram", 0, ram).build();

    /** Executes the code at the address, in 32-bit mode without paging, until HLT. */
    private StepResult run(int number) {
        CpuState state = new CpuState();
        state.setCr0(0x11);
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(0x10, 0, -1, s == CpuState.CS ? 0xC09B : 0xC093);
        }
        state.setRip(CODE);
        state.setGpr(CpuState.RCX, ROUNDS);
        state.setGpr(CpuState.RDI, DATA);
        state.setGpr(CpuState.RSP, 0x8000 + 0x1000 * number);
        ModelEnvironment environment = new ModelEnvironment(new ModelEnvironment.Parts(
                CpuModel.of("v3"),
                state,
                new Topology(number, 2),
                TimestampSource.host(1_000_000_000),
                1_000_000_000,
                () -> 1,
                LocalApicMsrs.none(number == 0)));
        try (TlbMemory linear = new TlbMemory(state, memory, nothing, 40, true)) {
            Executor executor = new Executor(
                    state,
                    linear,
                    new dev.cloister.emulator.cpu.PortIo() {
                        @Override
                        public int in(int port, int size) {
                            return -1;
                        }

                        @Override
                        public void out(int port, int size, int value) {
                            // There is no device.
                        }
                    },
                    environment);
            StepResult result = StepResult.COMPLETED;
            while (result == StepResult.COMPLETED || result == StepResult.REPEATING) {
                result = executor.run(1000);
            }
            return result;
        }
    }

    @ParameterizedTest
    @CsvSource({
        // lock inc [edi] · mov eax,1; lock xadd [edi],eax · mov eax,[edi]; lea edx,[eax+1]; lock cmpxchg [edi],edx; jne
        "F0 FF 07",
        "B8 01 00 00 00 F0 0F C1 07",
        "8B 07 8D 50 01 F0 0F B1 17 75 F5",
        // lock adc [edi],0 with carry set
        "F9 F0 83 17 00",
        // one processor at a time, by XCHG: mov eax,1; xchg [edi+64],eax; test eax,eax; jne; inc [edi]; mov [edi+64],0
        "B8 01 00 00 00 87 47 40 85 C0 75 F4 FF 07 C7 47 40 00 00 00 00",
        // lock bts [edi+64],0; jc; inc [edi]; mov [edi+64],0
        "F0 0F BA 6F 40 00 72 F8 FF 07 C7 47 40 00 00 00 00"
    })
    void twoProcessorsLoseNoUpdate(String body) {
        byte[] bytes = HexFormat.of().parseHex(body.replace(" ", ""));
        int back = -(bytes.length + 2);
        String loop = body + " E2 " + HexFormat.of().toHexDigits((byte) back) + " F4";
        byte[] code = HexFormat.of().parseHex(loop.replace(" ", ""));
        MemorySegment.copy(code, 0, ram, ValueLayout.JAVA_BYTE, CODE, code.length);
        CompletableFuture<StepResult> other = CompletableFuture.supplyAsync(() -> run(1));
        assertThat(run(0)).isEqualTo(StepResult.HALTED);
        assertThat(other.join()).isEqualTo(StepResult.HALTED);
        assertThat(ram.get(ValueLayout.JAVA_INT, DATA)).isEqualTo(2 * ROUNDS);
    }
}
