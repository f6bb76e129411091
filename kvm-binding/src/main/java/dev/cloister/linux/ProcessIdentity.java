package dev.cloister.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Tells processes apart that had the same number one after the other: by the time at which they started, proc_pid_stat(5). */
public final class ProcessIdentity {
    /** Fields are counted from 1; the third follows the command's closing parenthesis. */
    private static final int STATE = 0;

    private static final int START_TIME = 22 - 3;

    private ProcessIdentity() {}

    /**
     * Returns when a process started.
     *
     * @param pid its number
     * @return clock ticks since boot; none if it is gone or only its exit status is left
     */
    public static OptionalLong startTicks(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            // The command may hold anything, parentheses as well.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            boolean dead = "Z".equals(fields[STATE]) || "X".equals(fields[STATE]);
            return dead ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(fields[START_TIME]));
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
