package dev.cloister.it.bench.translate;

import dev.cloister.emulator.assembler.AssemblyException;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.it.bench.Samples;
import dev.cloister.linux.ErrnoException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Locale;

/**
 * Which translator is worth building: the hot mix in the interpreter, as JVM bytecode, natively at CPL 3, and at CPL 0 under KVM; each
 * checked against a plain Java loop in each round. Besides, what a trap out of native code costs, and what making bytecode costs.
 */
public final class TranslatorBench {
    private static final int ROUNDS = 9;
    private static final int REGISTERS = 16;
    private static final int INTERPRETED = 100_000;
    private static final int COMPILED = 2_000_000;
    private static final int NATIVE = 20_000_000;
    private static final int BY_KVM = 10_000;
    private static final int TRAPS = 2_000;
    private static final int TRANSLATIONS = 200;
    private static final int WARM_UPS = 15;
    private static final int WARM_UP_MILLIS = 50;
    private static final int SLICE = 10_000;
    private static final double MILLION = 1e6;

    private final byte[] code;

    private TranslatorBench(byte[] code) {
        this.code = code;
    }

    /** One way to execute the region, from registers to registers, over the table in memory. */
    private interface Contender {
        void run(long[] gpr) throws ErrnoException;
    }

    /**
     * Runs it.
     *
     * @param out where the figures go
     * @throws IOException if the code can't be read
     * @throws AssemblyException if it can't be assembled
     * @throws ErrnoException where the host has no usable KVM
     * @throws ReflectiveOperationException if the translated class can't be made
     */
    public static void run(PrintStream out)
            throws IOException, AssemblyException, ErrnoException, ReflectiveOperationException {
        new TranslatorBench(HotMix.code()).measure(out);
    }

    private void measure(PrintStream out) throws ErrnoException, ReflectiveOperationException {
        try (NativeRegion user = new NativeRegion(code, 3);
                NativeRegion supervisor = new NativeRegion(code, 0)) {
            MemorySegment ram = user.ram();
            CompiledRegion compiled = BytecodeTranslator.translate(Region.of(code));
            Interpreted interpreter = new Interpreted(ram);
            TlbMemory memory = interpreter.memory();
            double[][] speeds = new double[4][ROUNDS];
            for (int round = -2; round < ROUNDS; round++) {
                double[] now = {
                    speed(ram, INTERPRETED, interpreter::run),
                    speed(ram, COMPILED, gpr -> compiled(compiled, gpr, memory)),
                    speed(ram, NATIVE, user::run),
                    speed(supervisor.ram(), BY_KVM, supervisor::run)
                };
                for (int c = 0; c < now.length && round >= 0; c++) {
                    speeds[c][round] = now[c];
                }
            }
            print(out, speeds);
            out.printf(Locale.ROOT, "  into the vCPU, a trap at CPL 3, and back %12.1f us%n", trap(user) / 1e3);
            out.printf(Locale.ROOT, "  a region made into a hidden class %19.1f us%n", translation() / 1e3);
            out.printf(
                    Locale.ROOT,
                    "  a new hidden class in its first %d ms %15.1f M/s%n%n",
                    WARM_UP_MILLIS,
                    warmUp(ram, memory));
        }
    }

    private static void print(PrintStream out, double[][] speeds) {
        String[] names = {"interpreter", "JVM bytecode", "native at CPL 3", "KVM at CPL 0"};
        out.println(Samples.header("translators on the hot mix (million guest instructions/s)"));
        for (int c = 0; c < names.length; c++) {
            out.println(new Samples(speeds[c]).row(names[c], "M/s"));
        }
        for (int c = 1; c < names.length; c++) {
            out.printf(
                    Locale.ROOT,
                    "  ratio %s/interpreter %" + (30 - names[c].length()) + ".2f%n",
                    names[c],
                    Samples.ratio(speeds[c], speeds[0]));
        }
    }

    private static void compiled(CompiledRegion region, long[] gpr, TlbMemory memory) {
        int left;
        do {
            left = (int) region.run(gpr, memory, Integer.MAX_VALUE);
        } while (left <= 0);
    }

    private static long[] start(int iterations) {
        long[] gpr = new long[REGISTERS];
        gpr[0] = HotMix.SEED;
        gpr[1] = iterations;
        gpr[7] = NativeRegion.TABLE;
        return gpr;
    }

    private static double speed(MemorySegment ram, int iterations, Contender contender) throws ErrnoException {
        MemorySegment table = ram.asSlice(NativeRegion.TABLE, HotMix.TABLE * 8L);
        table.fill((byte) 0);
        long[] gpr = start(iterations);
        long begun = System.nanoTime();
        contender.run(gpr);
        long nanos = System.nanoTime() - begun;
        long[] expected = start(iterations);
        long[] expectedTable = new long[HotMix.TABLE];
        long count = HotMix.reference(expected, expectedTable);
        long[] found = table.toArray(ValueLayout.JAVA_LONG_UNALIGNED);
        gpr[4] = expected[4];
        if (!Arrays.equals(gpr, expected) || !Arrays.equals(found, expectedTable)) {
            throw new IllegalStateException(
                    "a contender computed " + Arrays.toString(gpr) + ", expected " + Arrays.toString(expected));
        }
        return count / (nanos / 1e9) / MILLION;
    }

    /** Nanoseconds for one iteration with its way in and out. */
    private static double trap(NativeRegion user) throws ErrnoException {
        double[] nanos = new double[TRAPS];
        for (int n = 0; n < TRAPS; n++) {
            long[] gpr = start(1);
            long begun = System.nanoTime();
            user.run(gpr);
            nanos[n] = System.nanoTime() - begun;
        }
        return new Samples(nanos).median();
    }

    /** Million instructions a second of bytecode that is new to the JVM's compilers. */
    private double warmUp(MemorySegment ram, TlbMemory memory) throws ReflectiveOperationException {
        double[] speeds = new double[WARM_UPS];
        for (int n = 0; n < WARM_UPS; n++) {
            ram.asSlice(NativeRegion.TABLE, HotMix.TABLE * 8L).fill((byte) 0);
            CompiledRegion fresh = BytecodeTranslator.translate(Region.of(code));
            long[] gpr = start(Integer.MAX_VALUE);
            long executed = 0;
            long begun = System.nanoTime();
            while (System.nanoTime() - begun < WARM_UP_MILLIS * 1_000_000L) {
                executed += SLICE - (int) fresh.run(gpr, memory, SLICE);
            }
            speeds[n] = executed * 1e3 / (System.nanoTime() - begun);
        }
        return new Samples(speeds).median();
    }

    private double translation() throws ReflectiveOperationException {
        double[] nanos = new double[TRANSLATIONS];
        for (int n = 0; n < TRANSLATIONS; n++) {
            long begun = System.nanoTime();
            BytecodeTranslator.translate(Region.of(code));
            nanos[n] = System.nanoTime() - begun;
        }
        return new Samples(nanos).median();
    }
}
