package dev.cloister.cli.up;

import java.io.PrintWriter;
import java.util.List;

/**
 * Lines that scroll, above a block that stays: on a terminal the block is drawn anew in place; elsewhere only the lines appear.
 * Thread-safe.
 */
final class LiveScreen {
    private final PrintWriter out;
    private final boolean terminal;
    private List<String> block = List.of();

    LiveScreen(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** Prints a line for good. */
    synchronized void line(String text) {
        erase();
        out.println(text);
        draw();
    }

    /** Replaces the block. */
    synchronized void block(List<String> lines) {
        erase();
        block = List.copyOf(lines);
        draw();
    }

    /** Removes the block. */
    synchronized void end() {
        erase();
        block = List.of();
        out.flush();
    }

    private void erase() {
        if (terminal && !block.isEmpty()) {
            out.print("\u001b[" + block.size() + "A\u001b[J");
        }
    }

    private void draw() {
        if (terminal) {
            block.forEach(out::println);
        }
        out.flush();
    }
}
