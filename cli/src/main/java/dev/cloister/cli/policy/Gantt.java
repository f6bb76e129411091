package dev.cloister.cli.policy;

import dev.cloister.policy.model.Schedule;

/** One CPU's plan as a line of boxes, as wide as their time. */
final class Gantt {
    private final int width;
    private final long nanos;

    /**
     * Makes the scale.
     *
     * @param width columns for the whole time, at least 1
     * @param nanos the whole time
     */
    Gantt(int width, long nanos) {
        this.width = width;
        this.nanos = Math.max(1, nanos);
    }

    /** Returns the boxes, such as {@code |red==|black====|.....|}; idle time is dotted, time without a plan blank. */
    String line(Schedule.CpuPlan plan) {
        StringBuilder line = new StringBuilder(width + 1);
        long at = 0;
        for (Schedule.MinorFrame minor : plan.minors()) {
            at += minor.nanos();
            int end = column(at);
            if (end > line.length()) {
                boolean idle = minor.domain().isEmpty();
                box(line, end, idle ? "" : minor.domain().get().name(), idle ? '.' : '=');
            }
        }
        line.append('|');
        return line.toString();
    }

    /** Returns a ruler under the boxes: begin, middle and end of the time. */
    String ruler() {
        String middle = ScheduleCommand.span(nanos / 2);
        String end = ScheduleCommand.span(nanos);
        StringBuilder line = new StringBuilder("0");
        pad(line, width / 2 - middle.length() / 2);
        line.append(middle);
        pad(line, width + 1 - end.length());
        return line.append(end).toString();
    }

    private int column(long at) {
        return (int) Math.round((double) at / nanos * width);
    }

    private static void box(StringBuilder line, int end, String name, char fill) {
        line.append('|');
        int room = end - line.length();
        line.append(name, 0, Math.min(name.length(), room));
        while (line.length() < end) {
            line.append(fill);
        }
    }

    private static void pad(StringBuilder line, int to) {
        while (line.length() < to) {
            line.append(' ');
        }
    }
}
