package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.softfloat.NativeProgram;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every x87 instruction with the whole x87 state before and after it, against the real processor. */
class X87AgreementTest {
    private static final long SEED = Long.getLong("x87.seed", 3);
    private static final int CASES = Integer.getInteger("x87.cases", 300);
    private static final String FORMS = System.getProperty("x87.forms", ".*");
    private static final int PRINTED = 2;
    private static final int IMAGE = 160;
    private static final int MEMORY = 128;
    private static final int IN = IMAGE + 16 + MEMORY + 8;
    private static final int OUT = IMAGE + MEMORY + 16;

    /** By form: equal results, one unit apart, further apart, equal but for C1. */
    private final Map<String, int[]> statistics = new TreeMap<>();

    @TempDir
    Path directory;

    @Test
    void agreesWithTheRealProcessor() throws Exception {
        NativeProgram program = NativeProgram.build(X87AgreementTest.class, "x87/x87.c", directory);
        List<X87Cases.Form> forms =
                X87Cases.FORMS.stream().filter(f -> f.name().matches(FORMS)).toList();
        int count = forms.size() * CASES;
        ByteBuffer records = ByteBuffer.allocate(count * IN).order(ByteOrder.LITTLE_ENDIAN);
        X87Cases cases = new X87Cases(SEED);
        for (X87Cases.Form form : forms) {
            for (int n = 0; n < CASES; n++) {
                cases.put(records, form);
            }
        }
        ByteBuffer answers = program.run(records, count, OUT);
        List<String> differences = new ArrayList<>();
        int[] byForm = new int[forms.size()];
        TestMachine machine = new TestMachine(3);
        for (int n = 0; n < count; n++) {
            String difference = compare(machine, forms.get(n / CASES), records, n * IN, answers, n * OUT);
            if (!difference.isEmpty() && byForm[n / CASES]++ < PRINTED) {
                differences.add(forms.get(n / CASES).name() + " " + difference);
            }
        }
        statistics.forEach((name, c) -> System.out.printf(
                "%s: %.2f %% equal, %d one unit apart, %d further, %d equal but for C1%n",
                name, 100.0 * c[0] / (c[0] + c[1] + c[2]), c[1], c[2], c[3]));
        StringBuilder summary = new StringBuilder();
        for (int f = 0; f < byForm.length; f++) {
            summary.append(byForm[f] == 0 ? "" : forms.get(f).name() + " " + byForm[f] + ", ");
        }
        assertThat(differences.stream().limit(60))
                .as("seed %d of %d each: %s", SEED, CASES, summary)
                .isEmpty();
    }

    private String compare(TestMachine m, X87Cases.Form form, ByteBuffer in, int at, ByteBuffer out, int answer) {
        ExtendedState extended = m.state.extended();
        byte[] image = extended.image();
        in.get(at, image, 0, 24);
        in.get(at + 32, image, 32, 128);
        extended.setXstateBv(7);
        in.get(at + IMAGE + 16, m.memory, 0, MEMORY);
        m.state.setGpr(CpuState.RSI, TestMachine.BASE);
        m.state.setGpr(CpuState.RAX, 0);
        m.state.setRflags(in.getLong(at + IMAGE + 16 + MEMORY));
        byte[] code = new byte[in.get(at + IMAGE)];
        in.get(at + IMAGE + 1, code);
        StepResult result = m.run(HexFormat.of().formatHex(code));
        boolean fault = out.getLong(answer + IMAGE + MEMORY + 8) != 0;
        if (fault || result != StepResult.COMPLETED) {
            return fault && result == StepResult.EXCEPTION
                    ? ""
                    : "fault " + fault + " " + result + " " + m.executor.reason() + start(in, at);
        }
        String differences = words(form, image, m.memory, out, answer);
        long flags = out.getLong(answer + IMAGE + MEMORY) & Flags.STATUS;
        if (flags != (m.state.rflags() & Flags.STATUS)) {
            differences += " flags %x was %x".formatted(flags, m.state.rflags() & Flags.STATUS);
        }
        return differences.isEmpty() ? "" : differences + start(in, at);
    }

    private String words(X87Cases.Form form, byte[] image, byte[] memory, ByteBuffer out, int answer) {
        if (form.isTranscendental()) {
            permit(form, image, out, answer);
        }
        StringBuilder text = new StringBuilder();
        String[] names = {"cw", "sw", "tag", "fop"};
        for (int w = 0; w < 4; w++) {
            int got = (image[2 * w] & 0xFF) | (image[2 * w + 1] & 0xFF) << 8;
            int want = out.getShort(answer + 2 * w) & 0xFFFF;
            text.append(got == want ? "" : " %s %04x was %04x".formatted(names[w], want, got));
        }
        ByteBuffer mine = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        for (int q = 8; q < 24; q += 8) {
            long want = out.getLong(answer + q);
            text.append(mine.getLong(q) == want ? "" : " @%d %x was %x".formatted(q, want, mine.getLong(q)));
        }
        for (int st = 0; st < 8; st++) {
            int place = 32 + 16 * st;
            String want = X87Cases.extended(out, answer + place);
            String got = X87Cases.extended(mine, place);
            text.append(got.equals(want) ? "" : " st%d %s was %s".formatted(st, want, got));
        }
        byte[] wanted = new byte[MEMORY];
        out.get(answer + IMAGE, wanted);
        int wrong = java.util.Arrays.mismatch(memory, 0, MEMORY, wanted, 0, MEMORY);
        if (wrong >= 0) {
            HexFormat hex = HexFormat.of();
            text.append(" memory+%d %s was %s"
                    .formatted(
                            wrong,
                            hex.formatHex(wanted, wrong, Math.min(MEMORY, wrong + 10)),
                            hex.formatHex(memory, wrong, Math.min(MEMORY, wrong + 10))));
        }
        return text.toString();
    }

    /** Results of transcendental functions may differ by one unit in the last place, and then in C1. */
    private void permit(X87Cases.Form form, byte[] image, ByteBuffer out, int answer) {
        ByteBuffer mine = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        if ((out.getShort(answer + 2) & 0x20) == 0) {
            return;
        }
        int[] counts = statistics.computeIfAbsent(form.name(), name -> new int[4]);
        int worst = 0;
        for (int st = 0; st < 2; st++) {
            int place = 32 + 16 * st;
            long distance = X87Cases.distance(out, answer + place, mine, place);
            if (distance == 1) {
                mine.putLong(place, out.getLong(answer + place));
                mine.putShort(place + 8, out.getShort(answer + place + 8));
            }
            worst = (int) Math.min(2, Math.max(worst, distance));
        }
        counts[worst]++;
        if (((out.getShort(answer + 2) ^ mine.getShort(2)) & 0xFFFF) == 0x200) {
            counts[3] += worst == 0 ? 1 : 0;
            mine.putShort(2, out.getShort(answer + 2));
        }
    }

    private static String start(ByteBuffer in, int at) {
        byte[] memory = new byte[16];
        in.get(at + IMAGE + 16, memory);
        return " | from cw %04x sw %04x tag %02x st0 %s st1 %s st7 %s memory %s flags %x"
                .formatted(
                        in.getShort(at) & 0xFFFF,
                        in.getShort(at + 2) & 0xFFFF,
                        in.get(at + 4) & 0xFF,
                        X87Cases.extended(in, at + 32),
                        X87Cases.extended(in, at + 48),
                        X87Cases.extended(in, at + 144),
                        HexFormat.of().formatHex(memory),
                        in.getLong(at + IMAGE + 16 + MEMORY));
    }
}
