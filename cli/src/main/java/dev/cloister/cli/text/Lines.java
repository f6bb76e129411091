package dev.cloister.cli.text;

import java.io.PrintWriter;

/** Prose in eighty columns. */
public final class Lines {
    private static final int WIDTH = 80;

    private Lines() {}

    /** Prints {@code text} behind {@code lead}, wrapped at words; later lines are indented by the lead's width. */
    public static void wrap(PrintWriter out, String lead, String text) {
        String indent = " ".repeat(lead.length());
        StringBuilder line = new StringBuilder(lead);
        boolean first = true;
        for (String word : text.split(" ", -1)) {
            if (!first && line.length() + 1 + word.length() > WIDTH) {
                out.println(line);
                line = new StringBuilder(indent);
                first = true;
            }
            line.append(first ? "" : " ").append(word);
            first = false;
        }
        out.println(line);
    }
}
