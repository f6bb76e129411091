package dev.cloister.it.disassembly;

import dev.cloister.emulator.decode.DecodeResult;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Formatter;
import dev.cloister.emulator.decode.Instruction;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/** Counts where the decoder and objdump agree, where a difference is explained, and keeps some of those that aren't. */
final class Agreement {
    private static final int KEPT = 25;

    private final Decoder decoder = new Decoder();
    private final Instruction instruction = new Instruction();
    private final Map<Explanation, Integer> explained = new TreeMap<>();
    private final Map<String, String> unexplained = new TreeMap<>();
    private int instructions;
    private int vectors;
    private int differing;
    private final int bits;

    Agreement(int bits) {
        this.bits = bits;
    }

    /** Compares one line with what the decoder makes of the bytes, of which more may follow than objdump took. */
    void compare(Objdump.Line line, byte[] code, int offset) {
        instructions++;
        int available = Math.min(Instruction.MAX_LENGTH, code.length - offset);
        boolean known = decoder.decode(code, offset, available, bits, line.address(), instruction) == DecodeResult.OK;
        boolean bad = line.text().contains("(bad)");
        if (bad && !known) {
            return;
        }
        boolean boundary = known && !bad && instruction.length() == line.bytes().length;
        if (boundary && instruction.evex) {
            vectors++;
            return;
        }
        String ours = known ? Objdump.normal(Formatter.format(instruction)) : "(bad)";
        if (boundary && ours.equals(line.text())) {
            return;
        }
        Explanation explanation = Explanation.of(line, instruction, known, ours);
        if (explanation != null) {
            explained.merge(explanation, 1, Integer::sum);
        } else {
            differing++;
            if (unexplained.size() < KEPT) {
                unexplained.putIfAbsent(
                        line.text().split(" ")[0],
                        HexFormat.of().formatHex(line.bytes()) + " objdump: " + line.text() + " | ours: " + ours
                                + (known ? " (" + instruction.length() + " bytes)" : ""));
            }
        }
    }

    int instructions() {
        return instructions;
    }

    /** The share that agrees, or differs for a reason that {@link Explanation} gives. */
    double share() {
        return 1 - (double) differing / instructions;
    }

    /** The share that agrees to the letter. */
    double literally() {
        return 1
                - (double) (differing
                                + explained.values().stream().mapToInt(n -> n).sum())
                        / instructions;
    }

    String report(String what) {
        StringBuilder text = new StringBuilder(String.format(
                "%s: %d instructions, %.5f %% agree to the letter, %.5f %% with what is explained; %d EVEX by length%n",
                what, instructions, 100 * literally(), 100 * share(), vectors));
        explained.forEach((why, count) -> text.append(String.format("  %7d %s%n", count, why.text())));
        unexplained
                .values()
                .forEach(line -> text.append("  unexplained: ").append(line).append(System.lineSeparator()));
        return text.toString();
    }
}
