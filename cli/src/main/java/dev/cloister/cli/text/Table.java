package dev.cloister.cli.text;

import java.util.ArrayList;
import java.util.List;

/**
 * A text table that fits 80 columns: the columns take what their cells need, and the widest text columns are cut with an
 * ellipsis until the line fits. Columns whose header ends in a space-free {@code >} mark are right-aligned.
 */
public final class Table {
    private static final int WIDTH = 80;
    private static final int GAP = 2;
    private static final int LEAST = 6;

    private final List<String> headers = new ArrayList<>();
    private final List<Boolean> right = new ArrayList<>();
    private final List<List<String>> rows = new ArrayList<>();

    /** Starts a table; a header that begins with {@code >} makes its column right-aligned. */
    public Table(String... headers) {
        for (String header : headers) {
            boolean alignRight = header.startsWith(">");
            right.add(alignRight);
            this.headers.add(alignRight ? header.substring(1) : header);
        }
    }

    /** Adds a row: as many cells as there are headers. */
    public Table row(Object... cells) {
        if (cells.length != headers.size()) {
            throw new IllegalArgumentException(cells.length + " cells for " + headers.size() + " columns");
        }
        List<String> row = new ArrayList<>(cells.length);
        for (Object cell : cells) {
            row.add(String.valueOf(cell));
        }
        rows.add(row);
        return this;
    }

    /** Returns whether there are no rows. */
    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** The table's lines, header first. */
    public List<String> lines() {
        int[] widths = fit(naturalWidths());
        List<String> lines = new ArrayList<>();
        lines.add(line(headers, widths));
        for (List<String> row : rows) {
            lines.add(line(row, widths));
        }
        return lines;
    }

    private int[] naturalWidths() {
        int[] widths = new int[headers.size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = headers.get(i).length();
            for (List<String> row : rows) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        return widths;
    }

    private static int[] fit(int[] widths) {
        int total = (widths.length - 1) * GAP;
        for (int width : widths) {
            total += width;
        }
        while (total > WIDTH) {
            int widest = 0;
            for (int i = 1; i < widths.length; i++) {
                if (widths[i] > widths[widest]) {
                    widest = i;
                }
            }
            if (widths[widest] <= LEAST) {
                break;
            }
            widths[widest]--;
            total--;
        }
        return widths;
    }

    private String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder(WIDTH);
        for (int i = 0; i < widths.length; i++) {
            if (i > 0) {
                line.append(" ".repeat(GAP));
            }
            String cell = cut(cells.get(i), widths[i]);
            String pad = " ".repeat(widths[i] - cell.length());
            line.append(right.get(i) ? pad + cell : cell + pad);
        }
        return line.toString().stripTrailing();
    }

    private static String cut(String cell, int width) {
        return cell.length() <= width ? cell : cell.substring(0, width - 1) + "…";
    }
}
