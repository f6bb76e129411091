package dev.cloister.emulator.assembler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoder against GNU as, for every form in {@code forms.txt}. */
final class EncodingTest {
    /** Each instruction of the comparison starts at a multiple of this and is followed by filling. */
    private static final int SLOT = 32;

    private static final byte FILL = (byte) 0xCC;
    private static final Pattern BRACES = Pattern.compile("\\{([^{}]*)}");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void encodesLikeGnuAs(int bits) throws Exception {
        assumeTrue(installed("as") && installed("objcopy"), "skipped: GNU as and objcopy are not installed");
        List<String> forms = forms(bits);
        byte[] expected = gnu(bits, forms);
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < forms.size(); i++) {
            byte[] ours = ours(bits, forms.get(i));
            byte[] theirs = Arrays.copyOfRange(expected, i * SLOT, (i + 1) * SLOT);
            if (!Arrays.equals(Arrays.copyOf(slot(ours), SLOT), theirs)) {
                differences.add(forms.get(i) + ": ours " + hex(ours) + ", as " + hex(theirs));
            }
        }
        assertThat(differences).isEmpty();
    }

    @Test
    void coversManyForms() throws IOException {
        assertThat(forms(16).size() + forms(32).size() + forms(64).size()).isGreaterThan(1500);
    }

    private static byte[] slot(byte[] code) {
        byte[] slot = new byte[SLOT];
        Arrays.fill(slot, FILL);
        System.arraycopy(code, 0, slot, 0, code.length);
        return slot;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes).replaceAll("(cc)+$", "");
    }

    private static byte[] ours(int bits, String form) {
        try {
            return Assembler.of(OutputFormat.FLAT)
                    .assemble("form", "bits " + bits + "\n" + form)
                    .image();
        } catch (AssemblyException e) {
            throw new AssertionError(form + ": " + e.getMessage(), e);
        }
    }

    private byte[] gnu(int bits, List<String> forms) throws IOException, InterruptedException {
        StringBuilder source = new StringBuilder(".intel_syntax noprefix\n.code" + bits + "\n");
        for (String form : forms) {
            source.append(".balign 32, 0xCC\n").append(toGnu(form)).append('\n');
        }
        source.append(".balign 32, 0xCC\n");
        Path text = Files.writeString(directory.resolve("forms.s"), source);
        Path object = directory.resolve("forms.o");
        Path binary = directory.resolve("forms.bin");
        run("as", "--64", "-o", object.toString(), text.toString());
        run("objcopy", "-O", "binary", "-j", ".text", object.toString(), binary.toString());
        return Files.readAllBytes(binary);
    }

    private static String toGnu(String form) {
        return form.replaceAll("\\b(byte|word|dword|qword) \\[", "$1 ptr [")
                .replaceAll("\\btword \\[", "tbyte ptr [")
                .replaceAll("\\[(\\w\\w):", "$1:[")
                .replaceAll("\\b(insb|insw|insd|outsb|outsw|outsd)\\b", "$1")
                .replaceAll("\\[0x1234]", "ds:0x1234");
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
    }

    private static boolean installed(String tool) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
    }

    private static List<String> forms(int bits) throws IOException {
        List<String> forms = new ArrayList<>();
        try (InputStream in = EncodingTest.class.getResourceAsStream("forms.txt")) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                String[] columns = line.split(";", 2);
                if (columns.length == 2
                        && List.of(columns[0].strip().split(",")).contains(String.valueOf(bits))) {
                    expand(columns[1].strip(), forms);
                }
            }
        }
        return forms;
    }

    private static void expand(String text, List<String> out) {
        Matcher braces = BRACES.matcher(text);
        if (!braces.find()) {
            out.add(text);
            return;
        }
        for (String alternative : braces.group(1).split("\\|", -1)) {
            expand(text.substring(0, braces.start()) + alternative + text.substring(braces.end()), out);
        }
    }
}
