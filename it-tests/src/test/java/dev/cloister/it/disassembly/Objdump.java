package dev.cloister.it.disassembly;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/** Runs objdump and gives its lines one by one. */
final class Objdump {
    private static final Pattern LINE = Pattern.compile("^\\s*([0-9a-f]+):\\t((?:[0-9a-f]{2} )+)\\s*\\t?(.*)$");

    private static final Pattern SILENT_WORD = Pattern.compile("data|addr|rex");
    private static final Pattern SILENT =
            Pattern.compile("<[^>]*>|#.*|\\bdata16 |\\bdata32 |\\baddr(16|32) |\\brex(\\.[WRXB]+)? ");
    private static final Pattern SPACES = Pattern.compile("\\s+");
    private static final Pattern BRANCH =
            Pattern.compile("^((?:bnd |notrack )?(?:j[a-z]+|call|loop[a-z]*|xbegin)) ([0-9a-f]+)$");
    private static final Pattern RELATIVE = Pattern.compile("\\[([er])ip(?:\\+0xffffffff|-0x)[0-9a-f]+\\]");

    private Objdump() {}

    /** An instruction as objdump sees it: its address, its bytes, its text without what makes no difference. */
    record Line(long address, byte[] bytes, String text) {}

    /** Disassembles with these arguments; the test is skipped, with the reason, where objdump is missing. */
    static void run(Consumer<Line> each, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("objdump", "-w", "-M", "intel,intel64"));
        command.addAll(Arrays.asList(arguments));
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            System.out.println("skipped, objdump is not installed: " + e.getMessage());
            Assumptions.abort("objdump is not installed: " + e.getMessage());
            return;
        }
        try (BufferedReader reader = process.inputReader()) {
            for (String text = reader.readLine(); text != null; text = reader.readLine()) {
                Matcher m = LINE.matcher(text);
                if (m.matches() && !m.group(3).startsWith(".byte")) {
                    each.accept(
                            new Line(Long.parseUnsignedLong(m.group(1), 16), bytes(m.group(2)), normal(m.group(3))));
                }
            }
        }
    }

    private static byte[] bytes(String text) {
        byte[] bytes = new byte[text.length() / 3];
        for (int n = 0; n < bytes.length; n++) {
            bytes[n] = (byte) HexFormat.fromHexDigits(text, 3 * n, 3 * n + 2);
        }
        return bytes;
    }

    /** Symbols, comments, and what is printed of prefixes without effect (data16, rex, addr32) aside; branch targets with 0x. */
    static String normal(String text) {
        String bare = text.indexOf('<') >= 0
                        || text.indexOf('#') >= 0
                        || SILENT_WORD.matcher(text).find()
                ? SILENT.matcher(text).replaceAll("")
                : text;
        String single = single(bare.trim());
        String branch = BRANCH.matcher(single).replaceFirst("$1 0x$2");
        return branch.contains("ip") ? RELATIVE.matcher(branch).replaceAll("[$1ip-]") : branch;
    }

    /** One space where there are several. */
    private static String single(String text) {
        return text.contains("  ") || text.indexOf('\t') >= 0
                ? SPACES.matcher(text).replaceAll(" ")
                : text;
    }
}
