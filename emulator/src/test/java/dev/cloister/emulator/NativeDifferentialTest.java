package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same bytes and registers on the real processor (a C program built by this test) and in the executor. Flags that the
 * manual leaves undefined are masked by {@link #UNDEFINED}.
 */
class NativeDifferentialTest {
    private static final long CF = Flags.CF;
    private static final long NOT_CF = Flags.STATUS & ~CF;

    /** Undefined flags by mnemonic (Intel SDM vol. 1, appendix A), for counts and operands of every value. */
    private static final Map<String, Long> UNDEFINED = Map.ofEntries(
            Map.entry("mul", NOT_CF & ~Flags.OF),
            Map.entry("imul", NOT_CF & ~Flags.OF),
            Map.entry("div", Flags.STATUS),
            Map.entry("idiv", Flags.STATUS),
            Map.entry("and", Flags.AF),
            Map.entry("or", Flags.AF),
            Map.entry("xor", Flags.AF),
            Map.entry("test", Flags.AF),
            Map.entry("andn", Flags.AF | Flags.PF),
            Map.entry("blsr", Flags.AF | Flags.PF),
            Map.entry("blsi", Flags.AF | Flags.PF),
            Map.entry("blsmsk", Flags.AF | Flags.PF),
            Map.entry("bzhi", Flags.AF | Flags.PF),
            Map.entry("bextr", Flags.AF | Flags.PF | Flags.SF),
            Map.entry("bsf", Flags.STATUS & ~Flags.ZF),
            Map.entry("bsr", Flags.STATUS & ~Flags.ZF),
            Map.entry("tzcnt", Flags.STATUS & ~Flags.ZF & ~CF),
            Map.entry("lzcnt", Flags.STATUS & ~Flags.ZF & ~CF),
            Map.entry("bt", NOT_CF & ~Flags.ZF),
            Map.entry("bts", NOT_CF & ~Flags.ZF),
            Map.entry("btr", NOT_CF & ~Flags.ZF),
            Map.entry("btc", NOT_CF & ~Flags.ZF),
            Map.entry("rol", Flags.OF),
            Map.entry("ror", Flags.OF),
            Map.entry("rcl", Flags.OF),
            Map.entry("rcr", Flags.OF),
            Map.entry("shl", Flags.OF | Flags.AF | CF),
            Map.entry("shr", Flags.OF | Flags.AF | CF),
            Map.entry("sar", Flags.OF | Flags.AF | CF),
            Map.entry("shld", Flags.OF | Flags.AF),
            Map.entry("shrd", Flags.OF | Flags.AF));

    /** Encodings: register and memory forms; memory is always [rsi], which the case sets. */
    private static final String[] CODES = {
        "4801d8",
        "6601d8",
        "00d8",
        "01d8",
        "4811d8",
        "10dc",
        "4829d8",
        "28fc",
        "4819d8",
        "18d8",
        "4821d8",
        "09d8",
        "6631d8",
        "39d8",
        "38dc",
        "84dc",
        "480306",
        "480106",
        "6683c0f0",
        "4883e8f0",
        "80d47f",
        "48ffc0",
        "fec4",
        "66ffc8",
        "48f7d8",
        "f6dc",
        "48f7d0",
        "f6e3",
        "66f7e3",
        "f7e3",
        "48f7e3",
        "f6eb",
        "66f7eb",
        "f7eb",
        "48f7eb",
        "480fafc3",
        "66af",
        "0fafc3",
        "4869c378563412",
        "6bc3f0",
        "48d3e0",
        "d3e0",
        "66d3e0",
        "d2e4",
        "48d3e8",
        "d3e8",
        "66d3f8",
        "48d3f8",
        "d2f8",
        "48d3c0",
        "d3c8",
        "66d3c0",
        "d2c8",
        "48d3d0",
        "d3d8",
        "66d3d0",
        "d2dc",
        "d1e0",
        "48d1f8",
        "d0e8",
        "66d1d0",
        "c1e005",
        "48c1c80d",
        "480fa5d8",
        "0fa5d8",
        "480fadd8",
        "0fadd8",
        "0fa4d807",
        "480fa3d8",
        "480fabd8",
        "480fb3d8",
        "480fbbd8",
        "480fba2635",
        "480fbae83f",
        "0fbcc3",
        "480fbdc3",
        "f30fbcc3",
        "f3480fbdc3",
        "f3480fb8c3",
        "f3660fb8c3",
        "480fc8",
        "0fc8",
        "4887d8",
        "480fc1d8",
        "0fc0dc",
        "480fb1d8",
        "0fb0dc",
        "480fb11e",
        "0fc70e",
        "480fc70e",
        "0fb6c3",
        "480fbec7",
        "480fbfc3",
        "4863c3",
        "98",
        "6698",
        "4898",
        "99",
        "6699",
        "4899",
        "480fafc3",
        "488d441b7f",
        "678d041b",
        "0f44c3",
        "480f4fc3",
        "0f92c0",
        "0f9ec4",
        "9e",
        "9f",
        "f5",
        "f8",
        "f9",
        "480f38f006",
        "0f38f106",
        "f2480f38f1c3",
        "f20f38f0c3",
        "66480f38f6c3",
        "f3480f38f6c3",
        "c4e2e0f2c3",
        "c4e2f8f3cb",
        "c4e2f8f3d3",
        "c4e2f8f3db",
        "c4e2e0f5c1",
        "c4e2e2f5c1",
        "c4e2e3f5c1",
        "c4e2e3f6c1",
        "c4e2f0f7c3",
        "c4e2f1f7c3",
        "c4e2f2f7c3",
        "c4e2f3f7c3",
        "c4e3fbf0c30d",
        "a4",
        "48a5",
        "aa",
        "48ab",
        "ac",
        "66ad",
        "a6",
        "48a7",
        "ae",
        "48af",
        "660fefc1",
        "660febc1",
        "660fdbc1",
        "660fdfc1",
        "660ffcc1",
        "660ffdc1",
        "660ffec1",
        "660fd4c1",
        "660ff8c1",
        "660ff9c1",
        "660ffac1",
        "660ffbc1",
        "660f74c1",
        "660f75c1",
        "660f76c1",
        "660f64c1",
        "660f65c1",
        "660f66c1",
        "660f60c1",
        "660f61c1",
        "660f62c1",
        "660f6cc1",
        "660f68c1",
        "660f69c1",
        "660f6ac1",
        "660f6dc1",
        "660f63c1",
        "660f67c1",
        "660f6bc1",
        "660f382bc1",
        "660f70c11b",
        "f20f70c1e4",
        "f30f70c1b1",
        "660fd7c1",
        "660f6ec0",
        "66480f7ec0",
        "f30f7ec1",
        "660f6f06",
        "f30f6f4601",
        "660f7f06",
        "660fd606",
        "660f3800c1",
        "660f3a0fc105",
        "660f73d803",
        "660f73f905",
        "660f73d113",
        "660f71e105",
        "660fd1c1",
        "660fe2c1",
        "660ff3c1",
        "660fd5c1",
        "660fe5c1",
        "660fe4c1",
        "660ff4c1",
        "660ff5c1",
        "660ff6c1",
        "660fe0c1",
        "660fdac1",
        "660fdec1",
        "660feac1",
        "660feec1",
        "660fd8c1",
        "660fddc1",
        "660fe8c1",
        "660fedc1",
        "0fc6c11b",
        "660fc6c101",
        "0f14c1",
        "0f16c1",
        "0f12c1",
        "0f50c1",
        "660f50c1",
        "660fc4c303",
        "660fc5c105",
        "660f3817c1",
        "660f3a14c003",
        "66480f3a16c001",
        "66480f3a22c001",
        "0f54c1",
        "0f57c1",
        "f30f10c1",
        "f20f10c1",
        "660f3828c1",
        "660f3840c1",
        "660f3829c1",
        "660f3837c1",
        "660f383bc1",
        "0f1006",
        "f30f1006",
        "0f1206",
        "0f1706"
    };

    private record Case(String code, long[] values) {}

    @TempDir
    Path directory;

    private Path build() throws Exception {
        Path source = directory.resolve("native.c");
        try (InputStream in = NativeDifferentialTest.class.getResourceAsStream("native.c")) {
            Files.write(source, in.readAllBytes());
        }
        Path program = directory.resolve("native");
        try {
            Process gcc = new ProcessBuilder(
                            "gcc", "-O1", "-w", "-no-pie", "-mno-red-zone", "-o", program.toString(), source.toString())
                    .inheritIO()
                    .start();
            Assumptions.assumeTrue(
                    gcc.waitFor(60, TimeUnit.SECONDS) && gcc.exitValue() == 0, "gcc did not build the native program");
        } catch (java.io.IOException e) {
            Assumptions.abort("gcc is not installed: " + e.getMessage());
        }
        Assumptions.assumeTrue(
                System.getProperty("os.arch").equals("amd64"), "the native comparison needs an x86-64 host");
        return program;
    }

    private static List<Case> cases() {
        Random random = new Random(20);
        List<Case> cases = new ArrayList<>();
        long[] special = {0, 1, -1, 0x80, 0x7F, 0x8000, 0x80000000L, Long.MIN_VALUE, Long.MAX_VALUE, 31, 32, 63, 16, 17
        };
        for (String code : CODES) {
            for (int n = 0; n < 100; n++) {
                long[] v = new long[33];
                for (int k = 0; k < 33; k++) {
                    v[k] = random.nextInt(3) == 0 ? special[random.nextInt(special.length)] : random.nextLong();
                }
                v[6] = TestMachine.BASE + 8;
                v[7] = TestMachine.BASE + 24;
                boolean aligned = code.startsWith("660f6f06") || code.startsWith("660f7f06") || code.equals("480fc70e");
                v[6] += aligned ? 8 : 0;
                v[16] = 0x202 | random.nextLong() & (Flags.STATUS);
                if (code.length() == 2 && (code.startsWith("a") || code.startsWith("66"))) {
                    v[16] |= random.nextLong() & Flags.DF;
                }
                cases.add(new Case(code, v));
            }
        }
        return cases;
    }

    @Test
    void agreesWithTheRealProcessor() throws Exception {
        Path program = build();
        List<Case> cases = cases();
        Process process = new ProcessBuilder(program.toString()).start();
        Thread feeder = new Thread(() -> feed(process, cases));
        feeder.start();
        List<String> differences = new ArrayList<>();
        int compared = 0;
        try (BufferedReader reader = process.inputReader(StandardCharsets.US_ASCII)) {
            for (Case c : cases) {
                String line = reader.readLine();
                assertThat(line).as("native program died at " + c.code()).isNotNull();
                compare(c, line.trim().split(" "), differences);
                compared++;
            }
        }
        feeder.join();
        assertThat(compared).isEqualTo(CODES.length * 100);
        assertThat(differences).isEmpty();
    }

    private static void feed(Process process, List<Case> cases) {
        try (Writer out = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.US_ASCII)) {
            for (Case c : cases) {
                StringBuilder line = new StringBuilder(c.code());
                for (long value : c.values()) {
                    line.append(' ').append(Long.toHexString(value));
                }
                out.write(line.append('\n').toString());
            }
        } catch (java.io.IOException e) {
            // The reader sees the end of the output and fails the test.
        }
    }

    private static void compare(Case c, String[] expected, List<String> differences) {
        TestMachine m = new TestMachine(3);
        long[] v = c.values();
        for (int r = 0; r < 16; r++) {
            if (r != CpuState.RSP) {
                m.state.setGpr(r, v[r]);
            }
        }
        m.state.setRflags(v[16]);
        m.state.extended().setXstateBv(7);
        for (int k = 0; k < 8; k++) {
            m.state.extended().setLane(k / 2, k & 1, v[17 + k]);
            m.poke(TestMachine.BASE + 8 * k, 8, v[25 + k]);
        }
        StepResult result = m.run(c.code());
        String text = c.code() + " " + m.executor.text();
        if (result != StepResult.COMPLETED) {
            differences.add(text + ": " + result + " " + m.executor.reason() + m.executor.vector());
            return;
        }
        long mask = ~UNDEFINED.getOrDefault(m.executor.mnemonic(), 0L) & (Flags.STATUS | Flags.DF);
        for (int k = 0; k < 33; k++) {
            long want = Long.parseUnsignedLong(expected[k], 16);
            long got = value(m, k);
            if (k == 16) {
                want &= mask;
                got &= mask;
            }
            if (want != got && k != CpuState.RSP && differences.size() < 20) {
                differences.add(text + ": element " + k + " expected " + expected[k] + " was " + Long.toHexString(got)
                        + " from rax=" + Long.toHexString(v[0]) + " rbx=" + Long.toHexString(v[3]) + " rcx="
                        + Long.toHexString(v[1]) + " flags=" + Long.toHexString(v[16]));
            }
        }
    }

    private static long value(TestMachine m, int k) {
        if (k < 16) {
            return m.state.gpr(k);
        }
        if (k == 16) {
            return m.state.rflags();
        }
        return k < 25 ? m.state.extended().lane((k - 17) / 2, k - 17 & 1) : m.peek(TestMachine.BASE + 8L * (k - 25), 8);
    }
}
