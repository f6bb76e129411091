package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.decode.Form;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every MMX, SSE and AVX form with random operands and state on the real processor (a C program built by this test) and in the
 * executor. {@code -Dvector.forms=REGEX -Dvector.cases=N -Dvector.seed=S} choose what runs.
 */
class VectorDifferentialTest {
    private static final long SEED = Long.getLong("vector.seed", 5);
    private static final int CASES = Integer.getInteger("vector.cases", 200);
    private static final String FORMS = System.getProperty("vector.forms", ".*");

    private static final String[][] OPTIONAL = {
        {"sha_ni", "sha.*"},
        {"gfni", "v?gf2.*"},
        {"vaes", "vaes.*"},
        {"vpclmulqdq", "vpclmul.*"},
        {"avx_vnni", "vpdp.*"},
        {"aes", "aes.*"},
        {"pclmulqdq", "pclmul.*"}
    };

    @TempDir
    Path directory;

    private final TestMachine machine = new TestMachine(3);
    private final Map<String, Integer> failures = new TreeMap<>();
    private final Set<String> missing = new TreeSet<>();
    private final List<String> examples = new ArrayList<>();

    private Path build() throws Exception {
        Assumptions.assumeTrue(
                System.getProperty("os.arch").equals("amd64"), "the native comparison needs an x86-64 host");
        Path source = directory.resolve("vector.c");
        try (InputStream in = VectorDifferentialTest.class.getResourceAsStream("vector.c")) {
            Files.write(source, in.readAllBytes());
        }
        Path program = directory.resolve("vector");
        try {
            Process gcc = new ProcessBuilder(
                            "gcc", "-O1", "-w", "-mno-red-zone", "-o", program.toString(), source.toString())
                    .inheritIO()
                    .start();
            Assumptions.assumeTrue(
                    gcc.waitFor(60, TimeUnit.SECONDS) && gcc.exitValue() == 0, "gcc did not build the native program");
        } catch (java.io.IOException e) {
            Assumptions.abort("gcc is not installed: " + e.getMessage());
        }
        return program;
    }

    private static byte[] slice(ByteBuffer all, int at) {
        byte[] bytes = new byte[VectorCases.RECORD];
        all.get(at, bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 32})
    void agreesWithTheRealProcessor(int mode) throws Exception {
        String flags = Files.readString(Path.of("/proc/cpuinfo"));
        // RCPPS and RSQRTPS, and what a faulting gather leaves behind, differ between makers.
        Assumptions.assumeTrue(
                flags.contains("GenuineIntel") && flags.contains(" avx2 ") && flags.contains(" fma "),
                "the native comparison needs an Intel processor with AVX2 and FMA");
        Path program = build();
        List<VectorCases.Target> targets = new ArrayList<>(VectorCases.targets());
        targets.removeIf(t -> !t.toString().matches(FORMS) || !isOnHost(t.form(), flags) || isMissing(t.form()));
        Path file = directory.resolve("cases");
        int total = targets.size() * CASES;
        ByteBuffer before = ByteBuffer.allocate(total * VectorCases.RECORD).order(ByteOrder.LITTLE_ENDIAN);
        VectorCases cases = new VectorCases(SEED, mode == 64);
        for (int n = 0; n < total; n++) {
            cases.fill(
                    before.slice(n * VectorCases.RECORD, VectorCases.RECORD).order(ByteOrder.LITTLE_ENDIAN),
                    targets.get(n / CASES));
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(before.duplicate());
        }
        Process process = new ProcessBuilder(program.toString(), file.toString())
                .inheritIO()
                .start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS) ? process.exitValue() : -1)
                .as("exit status of the native program")
                .isZero();
        ByteBuffer after = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        for (int n = 0; n < total; n++) {
            int at = n * VectorCases.RECORD;
            compare(targets.get(n / CASES), record(before, at), record(after, at));
        }
        System.out.println(total + " cases of " + targets.size() + " vector forms in " + mode + "-bit code");
        assertThat(missing).as("forms without execution").isEmpty();
        assertThat(failures)
                .as(
                        "of %d cases of %d forms in %d-bit code, seed %d, differences: %s",
                        total, targets.size(), mode, SEED, String.join("\n", examples))
                .isEmpty();
    }

    /** The features beyond x86-64-v3 that some processors lack, by what their instructions are called. */
    private static boolean isOnHost(Form form, String flags) {
        for (String[] feature : OPTIONAL) {
            if (form.mnemonic.matches(feature[1]) && !flags.contains(" " + feature[0] + " ")) {
                return false;
            }
        }
        return true;
    }

    private boolean isMissing(Form form) {
        return HandlerTable.of(form) == null && (missing.add(form.mnemonic) || true);
    }

    private static ByteBuffer record(ByteBuffer all, int at) {
        return ByteBuffer.wrap(slice(all, at)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void compare(VectorCases.Target target, ByteBuffer before, ByteBuffer after) {
        load(machine, before);
        StepResult result = machine.executor.step();
        String difference = difference(result, before, after);
        if (difference.isEmpty() || machine.executor.mnemonic().startsWith("k")) {
            return;
        }
        if (failures.merge(target.toString(), 1, Integer::sum) <= 2 && examples.size() < 60) {
            examples.add("\n" + machine.executor.text() + " [" + code(before) + "]: " + difference);
        }
    }

    private static String code(ByteBuffer before) {
        return HexFormat.of().formatHex(before.array(), 0, (int) before.getLong(VectorCases.LENGTH));
    }

    /** Gives a machine the state of a record. */
    static void load(TestMachine machine, ByteBuffer r) {
        for (int n = 0; n < 16; n++) {
            machine.state.setGpr(n, r.getLong(VectorCases.GPR + 8 * n));
        }
        machine.state.setRflags(r.getLong(VectorCases.FLAGS));
        machine.state.setRip(TestMachine.CODE);
        int attributes = r.getLong(VectorCases.SELECTOR) == 0x33 ? 0xA0FB : 0xC0FB;
        machine.state.segment(CpuState.CS).set((int) r.getLong(VectorCases.SELECTOR), 0, -1, attributes);
        int code = (int) (TestMachine.CODE - TestMachine.BASE);
        r.get(0, machine.memory, code, 16);
        int window = (int) (r.getLong(VectorCases.WINDOW) - TestMachine.BASE);
        r.get(VectorCases.MEMORY, machine.memory, window, VectorCases.MEMORY_SIZE);
        r.get(VectorCases.IMAGE, machine.state.extended().image(), 0, VectorCases.IMAGE_SIZE);
    }

    private String difference(StepResult result, ByteBuffer before, ByteBuffer after) {
        long trap = after.getLong(VectorCases.TRAP);
        if (result == StepResult.UNSUPPORTED) {
            return machine.executor.reason();
        }
        int vector = result == StepResult.COMPLETED ? 3 : machine.executor.vector();
        if (vector != trap) {
            return "expected vector " + trap + ", was " + vector + mxcsrs(before, after);
        }
        // Masked stores report any address in the page.
        int granularity = machine.executor.mnemonic().contains("maskmov") ? 12 : 0;
        if (vector == 14
                && machine.executor.faultAddress() >> granularity != after.getLong(VectorCases.CR2) >> granularity) {
            return "expected CR2 " + hex(after.getLong(VectorCases.CR2)) + ", was "
                    + hex(machine.executor.faultAddress());
        }
        StringBuilder text = new StringBuilder();
        long flags = Flags.STATUS | Flags.DF;
        add(
                text,
                "RIP",
                after.getLong(VectorCases.RIP),
                machine.state.rip() - TestMachine.CODE + (vector == 3 ? 1 : 0));
        add(text, "RFLAGS", after.getLong(VectorCases.FLAGS) & flags, machine.state.rflags() & flags);
        for (int n = 0; n < 16; n++) {
            add(text, "GPR" + n, after.getLong(VectorCases.GPR + 8 * n), machine.state.gpr(n));
        }
        int window = (int) (before.getLong(VectorCases.WINDOW) - TestMachine.BASE);
        for (int n = 0; n < VectorCases.MEMORY_SIZE; n += 8) {
            long was = ExtendedState.longAt(machine.memory, window + n);
            add(text, "memory+" + n, after.getLong(VectorCases.MEMORY + n), was);
        }
        image(text, after);
        return text.isEmpty() ? "" : text + inputs(before) + mxcsrs(before, after);
    }

    private void image(StringBuilder text, ByteBuffer after) {
        byte[] image = machine.state.extended().image();
        add(
                text,
                "x87 control",
                after.getLong(VectorCases.IMAGE) & 0xFF_FFFF_FFFFL,
                ExtendedState.longAt(image, 0) & 0xFF_FFFF_FFFFL);
        add(
                text,
                "MXCSR",
                after.getInt(VectorCases.IMAGE + 24),
                machine.state.extended().mxcsr());
        for (int n = 0; n < 8; n++) {
            int at = 32 + 16 * n;
            add(text, "ST" + n, after.getLong(VectorCases.IMAGE + at), ExtendedState.longAt(image, at));
            add(text, "ST" + n + "h", after.getShort(VectorCases.IMAGE + at + 8), (short)
                    ExtendedState.longAt(image, at + 8));
        }
        for (int n = 0; n < 64; n++) {
            int at = (n < 32 ? 160 : 576 - 256) + 8 * n;
            String name = (n < 32 ? "XMM" : "YMM") + (n & 31) / 2 + (n % 2 == 0 ? "l" : "h");
            add(text, name, after.getLong(VectorCases.IMAGE + at), ExtendedState.longAt(image, at));
        }
    }

    private static void add(StringBuilder text, String what, long expected, long was) {
        if (expected != was && text.length() < 300) {
            text.append(' ')
                    .append(what)
                    .append(" expected ")
                    .append(hex(expected))
                    .append(" was ")
                    .append(hex(was));
        }
    }

    private static String inputs(ByteBuffer before) {
        StringBuilder text = new StringBuilder(" from");
        for (int n = 0; n < 4; n++) {
            int at = VectorCases.IMAGE + 160 + 16 * n;
            text.append(' ').append(hex(before.getLong(at + 8))).append(':').append(hex(before.getLong(at)));
        }
        return text.toString();
    }

    private static String mxcsrs(ByteBuffer before, ByteBuffer after) {
        return " MXCSR " + hex(before.getInt(VectorCases.IMAGE + 24)) + " then "
                + hex(after.getInt(VectorCases.IMAGE + 24));
    }

    private static String hex(long value) {
        return Long.toHexString(value);
    }
}
