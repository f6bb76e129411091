package dev.cloister.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Formatter;
import dev.cloister.emulator.decode.Instruction;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Lengths and text against GNU objdump. Differences that remain by design: objdump prints a REX prefix that another prefix
 * follows as an instruction of its own; it names moves to segment registers 6 and 7 and to test registers, which raise #UD,
 * and MPX, which is NOP here; it calls undocumented but working encodings (SALC, x87 aliases) bad; and prints what is
 * redundant (data16, rex). EVEX instructions are decoded for their length only.
 */
class ObjdumpAgreementTest {
    private static final Pattern LINE = Pattern.compile("^\\s*([0-9a-f]+):\\t((?:[0-9a-f]{2} )+)\\s*\\t?(.*)$");
    private static final int RECORD = 32;
    private static final int[] PREFIXES = {0x66, 0xF2, 0xF3, 0x48, 0x0F, 0x67, 0x41, 0xC5, 0xC4, 0x64, 0x2E, 0xF0};

    @TempDir
    Path directory;

    private record Line(long address, byte[] bytes, String text) {}

    private static List<Line> objdump(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("objdump", "-w", "-M", "intel"));
        command.addAll(Arrays.asList(arguments));
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            return Assumptions.abort("objdump is not installed: " + e.getMessage());
        }
        List<Line> lines = new ArrayList<>();
        try (BufferedReader reader = process.inputReader()) {
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                Matcher m = LINE.matcher(text);
                if (m.matches()) {
                    String[] hex = m.group(2).trim().split(" ");
                    byte[] bytes = new byte[hex.length];
                    for (int i = 0; i < hex.length; i++) {
                        bytes[i] = (byte) Integer.parseInt(hex[i], 16);
                    }
                    lines.add(new Line(Long.parseLong(m.group(1), 16), bytes, normal(m.group(3))));
                }
            }
        }
        return lines;
    }

    /** Branch targets without 0x, symbols, comments and redundant prefixes make no difference. */
    private static String normal(String text) {
        return text.replaceAll("<[^>]*>|#.*|\\bdata16 |\\bdata32 |\\baddr(16|32) |\\brex(\\.[WRXB]+)? ", "")
                .trim()
                .replaceAll("\\s+", " ")
                .replaceAll("^((?:bnd |notrack )?(?:j[a-z]+|call|loop[a-z]*|xbegin)) ([0-9a-f]+)$", "$1 0x$2")
                .replaceAll("\\[rip\\+0xffffffff[0-9a-f]+\\]|\\[rip-0x[0-9a-f]+\\]", "[rip-]");
    }

    @Test
    void agreesOverTheTextOfLibc() throws IOException {
        Path libc = Path.of("/usr/lib/x86_64-linux-gnu/libc.so.6");
        Assumptions.assumeTrue(Files.isReadable(libc), "no libc at " + libc);
        Decoder decoder = new Decoder();
        Instruction i = new Instruction();
        int lengths = 0;
        int texts = 0;
        int vectors = 0;
        List<Line> lines = objdump("-d", "-j", ".text", libc.toString());
        for (Line line : lines) {
            DecodeResult result = decoder.decode(line.bytes, 0, line.bytes.length, 64, line.address, i);
            boolean good = result == DecodeResult.OK && i.length() == line.bytes.length;
            lengths += good ? 1 : 0;
            vectors += i.evex ? 1 : 0;
            texts += good && normal(Formatter.format(i)).equals(line.text) ? 1 : 0;
        }
        System.out.printf(
                "libc: %d instructions, %d lengths, %d texts agree, %d EVEX%n", lines.size(), lengths, texts, vectors);
        assertThat(lines.size()).isGreaterThan(100_000);
        assertThat(lengths).isEqualTo(lines.size());
        assertThat(texts + vectors).isGreaterThan((int) (lines.size() * 0.9995));
    }

    @ParameterizedTest
    @CsvSource({"64, i386:x86-64, 0.97, 0.93", "32, i386, 0.992, 0.93", "16, i8086, 0.992, 0.86"})
    void agreesOverRandomBytes(int bits, String machine, double lengthShare, double textShare) throws IOException {
        int records = 20_000;
        byte[] code = records(records);
        Path file = directory.resolve("random.bin");
        Files.write(file, code);
        Decoder decoder = new Decoder();
        Instruction i = new Instruction();
        int seen = 0;
        int lengths = 0;
        int texts = 0;
        for (Line line : objdump("-D", "-z", "-b", "binary", "-m", machine, file.toString())) {
            if (line.address % RECORD != 0) {
                continue;
            }
            seen++;
            boolean known = decoder.decode(code, (int) line.address, 15, bits, line.address, i) == DecodeResult.OK;
            boolean bad = line.text.contains("(bad)");
            boolean good = bad ? !known : known && i.length() == line.bytes.length;
            lengths += good ? 1 : 0;
            texts += good && (bad || i.evex || normal(Formatter.format(i)).equals(line.text)) ? 1 : 0;
        }
        System.out.printf("random %d-bit: %d records, %d lengths, %d texts agree%n", bits, seen, lengths, texts);
        assertThat(seen).isGreaterThan(records * 9 / 10);
        assertThat((double) lengths / seen).isGreaterThan(lengthShare);
        assertThat((double) texts / seen).isGreaterThan(textShare);
    }

    /** Fifteen random bytes with a taste for prefixes and the 0F maps, then NOPs that let objdump find the next record. */
    private static byte[] records(int count) {
        Random random = new Random(42);
        byte[] all = new byte[count * RECORD];
        Arrays.fill(all, (byte) 0x90);
        byte[] bytes = new byte[15];
        for (int n = 0; n < count; n++) {
            random.nextBytes(bytes);
            for (int q = 0; q < random.nextInt(4) && random.nextBoolean(); q++) {
                bytes[q] = (byte) PREFIXES[random.nextInt(PREFIXES.length)];
            }
            if (random.nextInt(3) == 0) {
                int at = random.nextInt(2);
                bytes[at] = 0x0F;
                if (random.nextInt(3) == 0) {
                    bytes[at + 1] = (byte) (random.nextBoolean() ? 0x38 : 0x3A);
                }
            }
            System.arraycopy(bytes, 0, all, n * RECORD, 15);
        }
        return all;
    }
}
