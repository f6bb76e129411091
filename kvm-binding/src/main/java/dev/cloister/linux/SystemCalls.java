package dev.cloister.linux;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** Names and numbers of the x86-64 system calls (arch/x86/entry/syscalls/syscall_64.tbl). Read once; thread-safe. */
public final class SystemCalls {
    private static final String RESOURCE = "system-calls.tsv";
    private static final Map<String, Integer> NUMBERS = read();
    private static final Map<Integer, String> NAMES = new HashMap<>();

    static {
        NUMBERS.forEach((name, number) -> NAMES.put(number, name));
    }

    private SystemCalls() {}

    private static Map<String, Integer> read() {
        Map<String, Integer> numbers = new HashMap<>();
        try (InputStream in = Objects.requireNonNull(SystemCalls.class.getResourceAsStream(RESOURCE), RESOURCE);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int tab = line.indexOf('\t');
                if (tab > 0 && line.charAt(0) != '#') {
                    numbers.put(line.substring(tab + 1), Integer.valueOf(line.substring(0, tab)));
                }
            }
            return numbers;
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + RESOURCE, e);
        }
    }

    /**
     * Finds a system call's number.
     *
     * @param name such as {@code openat}
     * @return its number
     * @throws IllegalArgumentException if there is none of that name
     */
    public static int number(String name) {
        Integer number = NUMBERS.get(name);
        if (number == null) {
            throw new IllegalArgumentException("system call " + name + ": no such name on x86-64");
        }
        return number;
    }

    /**
     * Finds a system call's name.
     *
     * @param number its number
     * @return its name, or {@code number N} where it has none here
     */
    public static String name(int number) {
        return NAMES.getOrDefault(number, "number " + number);
    }
}
