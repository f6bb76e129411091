package dev.cloister.emulator.softfloat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A C program of the test resources, built with gcc, that answers records of fixed size with the real processor's results. */
public final class NativeProgram {
    private final Path program;

    private NativeProgram(Path program) {
        this.program = program;
    }

    /** Builds the named source next to {@code owner}, or skips the test with the reason. */
    public static NativeProgram build(Class<?> owner, String source, Path directory) throws Exception {
        Assumptions.assumeTrue(
                "amd64".equals(System.getProperty("os.arch")), "the native comparison needs an x86-64 host");
        Path file = directory.resolve(Path.of(source).getFileName().toString());
        try (InputStream in = owner.getResourceAsStream(source)) {
            Files.write(file, in.readAllBytes());
        }
        Path program = directory.resolve(file.getFileName() + ".bin");
        try {
            Process gcc = new ProcessBuilder(
                            "gcc", "-O1", "-w", "-no-pie", "-mno-red-zone", "-o", program.toString(), file.toString())
                    .inheritIO()
                    .start();
            Assumptions.assumeTrue(
                    gcc.waitFor(60, TimeUnit.SECONDS) && gcc.exitValue() == 0, "gcc did not build " + source);
        } catch (IOException e) {
            Assumptions.abort("gcc is not installed: " + e.getMessage());
        }
        return new NativeProgram(program);
    }

    /** Whether the host processor has a feature, by its name in /proc/cpuinfo. */
    public static boolean hasFeature(String name) throws IOException {
        Path info = Path.of("/proc/cpuinfo");
        return Files.isReadable(info) && (Files.readString(info) + " ").contains(" " + name + " ");
    }

    /** Runs the program over all records; the answers are as many as the records. */
    public ByteBuffer run(ByteBuffer records, int count, int answerSize) throws Exception {
        Process process = new ProcessBuilder(program.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Thread feeder = new Thread(() -> feed(process, records));
        feeder.start();
        byte[] answers;
        try (InputStream in = process.getInputStream()) {
            answers = in.readNBytes(count * answerSize);
        }
        feeder.join();
        process.waitFor();
        if (answers.length != count * answerSize) {
            throw new AssertionError("the native program ended with " + process.exitValue() + " after "
                    + answers.length / answerSize + " of " + count + " records");
        }
        return ByteBuffer.wrap(answers).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void feed(Process process, ByteBuffer records) {
        try (OutputStream out = process.getOutputStream()) {
            out.write(records.array(), 0, records.position());
        } catch (IOException e) {
            // The reader sees the end of the output and fails the test.
        }
    }
}
