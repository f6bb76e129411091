package dev.cloister.emulator.softfloat;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Results, flags and faults of scalar SSE, FMA and F16C instructions against the real processor. */
class SseAgreementTest {
    private static final long SEED = Long.getLong("softfloat.seed", 5);
    private static final int CASES = Integer.getInteger("softfloat.cases", 6000);
    private static final int IN = 32;
    private static final int OUT = 16;

    @TempDir
    Path directory;

    @Test
    void agreesWithTheRealProcessor() throws Exception {
        Assumptions.assumeTrue(
                NativeProgram.hasFeature("fma") && NativeProgram.hasFeature("f16c"), "the host has no FMA or F16C");
        NativeProgram program = NativeProgram.build(SseAgreementTest.class, "sse.c", directory);
        int count = SseOperation.ALL.size() * CASES;
        ByteBuffer records = ByteBuffer.allocate(count * IN).order(ByteOrder.LITTLE_ENDIAN);
        Operands operands = new Operands(SEED);
        for (int op = 0; op < SseOperation.ALL.size(); op++) {
            for (int n = 0; n < CASES; n++) {
                record(records, op, operands);
            }
        }
        ByteBuffer answers = program.run(records, count, OUT);
        List<String> differences = new ArrayList<>();
        SoftFloat unit = new SoftFloat();
        for (int n = 0; n < count; n++) {
            compare(unit, records, n * IN, answers, n * OUT, differences);
        }
        assertThat(differences.stream().limit(40))
                .as("seed %d: %d differences of %d", SEED, differences.size(), count)
                .isEmpty();
    }

    private static void record(ByteBuffer out, int op, Operands operands) {
        SseOperation operation = SseOperation.ALL.get(op);
        FloatFormat f = operation.operand();
        var random = operands.random();
        int masks = random.nextInt(4) == 0 ? random.nextInt(64) : 63;
        int mxcsr = masks << 7 | random.nextInt(4) << 13;
        mxcsr |= random.nextInt(4) == 0 ? 0x40 : 0;
        mxcsr |= random.nextInt(4) == 0 ? 0x8000 : 0;
        long a = operation.integerOperand() ? operands.integer() : operands.next(f);
        long b = operands.next(f);
        long c = operands.next(f);
        if (random.nextInt(4) == 0) {
            b = a + random.nextInt(5) - 2 ^ (random.nextBoolean() ? 1L << f.signShift() : 0);
        }
        out.putInt(op).putInt(mxcsr).putLong(a).putLong(b).putLong(c);
    }

    private static void compare(
            SoftFloat unit, ByteBuffer records, int at, ByteBuffer answers, int answer, List<String> differences) {
        SseOperation operation = SseOperation.ALL.get(records.getInt(at));
        int mxcsr = records.getInt(at + 4);
        long a = records.getLong(at + 8);
        long b = records.getLong(at + 16);
        long c = records.getLong(at + 24);
        unit.context().useMxcsr(mxcsr);
        long got = operation.body().apply(unit, a, b, c) & operation.resultMask();
        long want = answers.getLong(answer) & operation.resultMask();
        boolean fault = answers.getInt(answer + 12) != 0;
        int flags = answers.getInt(answer + 8) & FloatContext.ALL;
        boolean same =
                flags == unit.context().flags() && fault == (unit.context().unmasked() != 0);
        if (!same || !fault && got != want) {
            differences.add("%s(%x, %x, %x) mxcsr %x: expected %x flags %x fault %b, was %x flags %x%n"
                    .formatted(
                            operation.name(),
                            a,
                            b,
                            c,
                            mxcsr,
                            want,
                            flags,
                            fault,
                            got,
                            unit.context().flags()));
        }
    }
}
