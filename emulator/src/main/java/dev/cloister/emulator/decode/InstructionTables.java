package dev.cloister.emulator.decode;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The text of the instruction tables. It is parsed when the first instruction is decoded; a process that opens no files by then reads
 * it before. Thread-safe.
 */
public final class InstructionTables {
    private static final List<String> NAMES = List.of("forms-integer.txt", "forms-x87.txt", "forms-vector.txt");
    private static final Map<String, byte[]> READ = new ConcurrentHashMap<>();

    private static final String FEATURES = "features.txt";

    private InstructionTables() {}

    /**
     * Reads the tables without parsing them, so that nothing has to be opened later.
     *
     * @throws IOException if the class path lacks one
     */
    public static void prefetch() throws IOException {
        for (String name : NAMES) {
            READ.put(name, read(name));
        }
        READ.put(FEATURES, read(FEATURES));
    }

    /** Returns each table by its name, in order. */
    public static Map<String, InputStream> all() throws IOException {
        Map<String, InputStream> all = new LinkedHashMap<>();
        for (String name : NAMES) {
            byte[] read = READ.get(name);
            all.put(name, new ByteArrayInputStream(read == null ? read(name) : read));
        }
        return all;
    }

    /** Returns the table of the features that instructions need. */
    static InputStream features() throws IOException {
        byte[] read = READ.get(FEATURES);
        return new ByteArrayInputStream(read == null ? read(FEATURES) : read);
    }

    private static byte[] read(String name) throws IOException {
        try (InputStream in = InstructionTables.class.getResourceAsStream(name)) {
            return Objects.requireNonNull(in, "the instruction table " + name + " is not on the class path")
                    .readAllBytes();
        }
    }
}
