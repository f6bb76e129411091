package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.PortIo;
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
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Processors see each other's stores in the order that x86 promises (Intel SDM vol. 3, 9.2.2 and its examples): stores in order, loads in
 * order, nothing passes a fence or a locked instruction, and all see two stores in the same order. Each runs in a thread of its own, as
 * the engine has them; counters that only grow make any passage of a run an experiment.
 */
@Timeout(120)
class LitmusTest {
    private static final int RAM = 4 << 20;
    private static final int CODE = 0x1000;
    private static final int CODE_ROOM = 0x400;
    /** Where counters are, a cache line or a page apart; EDI. */
    private static final int DATA = 0x8000;
    /** Where each processor notes what it read; EBP. */
    private static final int NOTES = 0x10_0000;

    /** From {@link #DATA}: how many processors have started. */
    private static final int MEET = 0x3000;
    /** Bytes of {@link #start}. */
    private static final int START = 20;

    private static final int NOTES_ROOM = 0x8_0000;
    private static final int ROUNDS = 60_000;

    private final MemorySegment ram = Arena.ofAuto().allocate(RAM, 4096);
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

    private int get(int address) {
        return ram.get(ValueLayout.JAVA_INT, address);
    }

    private int note(int processor, int number) {
        return get(NOTES + processor * NOTES_ROOM + 4 * number);
    }

    /** Executes one processor's code in 32-bit mode until HLT. */
    private StepResult run(int number, int count, int rounds) {
        CpuState state = new CpuState();
        state.setCr0(0x11);
        for (int s = CpuState.ES; s <= CpuState.GS; s++) {
            state.segment(s).set(0x10, 0, -1, s == CpuState.CS ? 0xC09B : 0xC093);
        }
        state.setRip(CODE + number * CODE_ROOM);
        state.setGpr(CpuState.RCX, rounds);
        state.setGpr(CpuState.RDI, DATA);
        state.setGpr(CpuState.RBP, NOTES + number * NOTES_ROOM);
        ModelEnvironment environment = new ModelEnvironment(new ModelEnvironment.Parts(
                CpuModel.of("max"),
                state,
                new Topology(number, count),
                TimestampSource.host(1_000_000_000),
                1_000_000_000,
                () -> 1,
                LocalApicMsrs.none(number == 0)));
        try (TlbMemory linear = new TlbMemory(state, memory, nothing, 40, true)) {
            Executor executor = new Executor(state, linear, new NoPorts(), environment);
            StepResult result = StepResult.COMPLETED;
            while (result == StepResult.COMPLETED || result == StepResult.REPEATING) {
                result = executor.run(1000);
            }
            return result;
        }
    }

    private static final class NoPorts implements PortIo {
        @Override
        public int in(int port, int size) {
            return -1;
        }

        @Override
        public void out(int port, int size, int value) {
            // There is no device.
        }
    }

    /** Runs one program on each processor, all at once. */
    private void run(int rounds, String... programs) {
        ram.asSlice(DATA + MEET, 4).fill((byte) 0);
        for (int n = 0; n < programs.length; n++) {
            byte[] code = HexFormat.of().parseHex((start(programs.length) + programs[n]).replace(" ", ""));
            MemorySegment.copy(code, 0, ram, ValueLayout.JAVA_BYTE, CODE + n * CODE_ROOM, code.length);
        }
        try (var threads = Executors.newFixedThreadPool(programs.length)) {
            List<CompletableFuture<StepResult>> all = new ArrayList<>();
            for (int n = 0; n < programs.length; n++) {
                int number = n;
                all.add(CompletableFuture.supplyAsync(() -> run(number, programs.length, rounds), threads));
            }
            for (CompletableFuture<StepResult> each : all) {
                assertThat(each.join()).isEqualTo(StepResult.HALTED);
            }
        }
    }

    /** All wait for each other: lock inc [edi+meet]; w: cmp dword [edi+meet],all; jb w. Padded to 20 bytes. */
    private static String start(int all) {
        return "F0 FF 87 " + hex(MEET) + " 83 BF " + hex(MEET) + HexFormat.of().toHexDigits((byte) all)
                + " 72 F7 90 90 90 90 ";
    }

    private static String hex(int distance) {
        return HexFormat.of().toHexDigits(Integer.reverseBytes(distance));
    }

    /** Stores are seen in their order, by loads in theirs: who sees the second counter sees the first one as high. */
    @ParameterizedTest
    @CsvSource({"64", "4096", "8"})
    void messagePassing(int distance) {
        String far = hex(distance);
        // shl ecx,4; then: inc eax; mov [edi],eax; mov [edi+far],eax; loop; hlt
        String writer = "C1 E1 04 40 89 07 89 87 " + far + " E2 F5 F4";
        // mov eax,[edi+far]; mov ebx,[edi]; mov [ebp],ebx; mov [ebp+4],eax; add ebp,8; loop; hlt
        String reader = "8B 87 " + far + " 8B 1F 89 5D 00 89 45 04 83 C5 08 E2 ED F4";
        run(ROUNDS, writer, reader);
        int moves = 0;
        for (int n = 0; n < ROUNDS; n++) {
            int first = note(1, 2 * n);
            int second = note(1, 2 * n + 1);
            assertThat(first).as("first counter, when the second is %d", second).isGreaterThanOrEqualTo(second);
            moves += n > 0 && second != note(1, 2 * n - 1) ? 1 : 0;
        }
        System.out.println("message passing: the reader saw " + moves + " of " + ROUNDS + " changes");
    }

    /** A load behind a fence or a locked instruction doesn't overtake the store before it. */
    @ParameterizedTest
    @CsvSource({
        // mov [mine],eax; mfence
        "89 87 M 0F AE F0",
        // mov edx,eax; xchg [mine],edx
        "89 C2 87 97 M",
        // mov [mine],eax; lock add [ebp+0x7fff0],0 (its own memory)
        "89 87 M F0 83 85 F0 FF 07 00 00",
    })
    void storeBuffering(String store) {
        run(ROUNDS, storeThenLoad(store, 0, 64), storeThenLoad(store, 64, 0));
        for (int side = 0; side < 2; side++) {
            for (int n = 0; n < ROUNDS; n++) {
                // Having stored n + 1, it saw the other at seen: so the other's next store came later, and its load
                // behind that.
                int seen = note(side, n);
                if (seen < ROUNDS) {
                    assertThat(note(1 - side, seen))
                            .as("side %d stored %d and saw %d", side, n + 1, seen)
                            .isGreaterThanOrEqualTo(n + 1);
                }
            }
        }
    }

    private static String storeThenLoad(String store, int mine, int other) {
        String body = "40 " + store.replace("M", hex(mine))
                // mov ebx,[other]; mov [ebp],ebx; add ebp,4
                + " 8B 9F " + hex(other) + " 89 5D 00 83 C5 04";
        int length = body.replace(" ", "").length() / 2;
        return body + " E2 " + HexFormat.of().toHexDigits((byte) -(length + 2)) + " F4";
    }

    /** Two readers see two writers' stores in the same order. */
    @Test
    void independentReadsOfIndependentWrites() {
        String first = "C1 E1 04 40 89 07 E2 FB F4";
        String second = "C1 E1 04 40 89 47 40 E2 FA F4";
        // mov eax,[edi]; mov ebx,[edi+64] (the second reader the other way round); mov [ebp],eax; mov [ebp+4],ebx; add
        // ebp,8
        String one = "8B 07 8B 5F 40 89 45 00 89 5D 04 83 C5 08 E2 F0 F4";
        String two = "8B 5F 40 8B 07 89 45 00 89 5D 04 83 C5 08 E2 F0 F4";
        run(ROUNDS, first, second, one, two);
        int at = 0;
        for (int n = 0; n < ROUNDS; n++) {
            int a = note(2, 2 * n);
            int b = note(2, 2 * n + 1);
            // The first time that the other reader has seen a later second counter, it must see the first one as high.
            while (at < ROUNDS && note(3, 2 * at + 1) <= b) {
                at++;
            }
            if (at < ROUNDS) {
                assertThat(note(3, 2 * at))
                        .as("one saw %d then %d; two saw %d, then this", a, b, note(3, 2 * at + 1))
                        .isGreaterThanOrEqualTo(a);
            }
        }
    }

    /** Loads of one place never go back, and no store to it is torn. */
    @Test
    void coherence() {
        // and eax,0x7fff; imul edx,eax,0x10001; mov [edi],edx: a counter in both halves.
        String writer = "C1 E1 04 40 25 FF 7F 00 00 69 D0 01 00 01 00 89 17 E2 F0 F4";
        String reader = "8B 07 89 45 00 83 C5 04 E2 F6 F4";
        run(ROUNDS, writer, reader, reader);
        for (int processor = 1; processor <= 2; processor++) {
            for (int n = 0; n < ROUNDS; n++) {
                int value = note(processor, n);
                assertThat(value & 0xFFFF).as("halves of %x", value).isEqualTo(value >>> 16);
            }
        }
    }

    /** A lock of tickets, taken by LOCK XADD and given by a plain store, and one of CMPXCHG8B: nothing gets lost. */
    @ParameterizedTest
    @CsvSource({
        // mov eax,1; lock xadd [edi+64],eax; w: cmp eax,[edi+68]; jne w; inc [edi]; inc [edi+68]
        "B8 01 00 00 00 F0 0F C1 47 40 3B 47 44 75 FB FF 07 FF 47 44, 2",
        "B8 01 00 00 00 F0 0F C1 47 40 3B 47 44 75 FB FF 07 FF 47 44, 3",
        // push ecx; mov eax,[edi]; mov edx,[edi+4]; r: lea ebx,[eax+1]; mov ecx,edx; lock cmpxchg8b [edi]; jne r; pop
        // ecx
        "51 8B 07 8B 57 04 8D 58 01 89 D1 F0 0F C7 0F 75 F5 59, 4",
        // w: xor eax,eax; mov edx,1; lock cmpxchg [edi+64],edx; jne w; inc [edi]; mov [edi+64],0
        "31 C0 BA 01 00 00 00 F0 0F B1 57 40 75 F2 FF 07 C7 47 40 00 00 00 00, 4",
    })
    void locksLoseNothing(String body, int processors) {
        int length = body.replace(" ", "").length() / 2;
        // lea esp,[ebp+0x1000] first.
        String program =
                "8D A5 00 10 00 00 " + body + " E2 " + HexFormat.of().toHexDigits((byte) -(length + 2)) + " F4";
        String[] programs = new String[processors];
        java.util.Arrays.fill(programs, program);
        int rounds = 2000;
        run(rounds, programs);
        assertThat(get(DATA)).isEqualTo(processors * rounds);
    }

    /** Code that another processor has changed runs changed, at the latest behind a serialising instruction (SDM vol. 3, 9.1.3). */
    @Test
    void crossModifyingCode() {
        for (long seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            int value = random.nextInt();
            int target = CODE + CODE_ROOM + START;
            ram.asSlice(DATA, 64).fill((byte) 0);
            // w: loop w (lets the other get hot); mov dword [target+4],value; mov dword [edi],1; hlt
            String writer = "E2 FE C7 05 " + hex(target + 4) + hex(value) + " C7 07 01 00 00 00 F4";
            // nop nop nop; p: mov eax,0; test esi,esi; jnz done; cmp dword [edi],0; je p; mov esi,1; xor eax,eax;
            // cpuid; jmp p;
            // done: mov [edi+4],eax; hlt
            String reader = "90 90 90 B8 00 00 00 00 85 F6 75 12 83 3F 00 74 F2 BE 01 00 00 00 31 C0 0F A2 EB E7 90 90"
                    + " 89 47 04 F4";
            run(1 + random.nextInt(20_000), writer, reader);
            assertThat(get(DATA + 4)).as("seed %d", seed).isEqualTo(value);
        }
    }
}
