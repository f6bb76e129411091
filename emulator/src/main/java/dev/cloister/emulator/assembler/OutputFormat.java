package dev.cloister.emulator.assembler;

import java.util.Locale;
import java.util.Optional;

/** What kind of file an assembly becomes. */
public enum OutputFormat {
    /** The bytes of {@code .text} and {@code .data} and nothing else; origin 0 unless the source says {@code org}. */
    FLAT("bin", 0, 16),
    /** A 32-bit ELF executable (System V ABI, i386 supplement); origin 1 MiB unless the source says {@code org}. */
    ELF32("elf", 0x10_0000, 4096),
    /** A 64-bit ELF executable (System V ABI, AMD64 supplement); origin 1 MiB unless the source says {@code org}. */
    ELF64("elf", 0x10_0000, 4096);

    private final String suffix;
    private final long defaultOrigin;
    private final int dataAlignment;

    OutputFormat(String suffix, long defaultOrigin, int dataAlignment) {
        this.suffix = suffix;
        this.defaultOrigin = defaultOrigin;
        this.dataAlignment = dataAlignment;
    }

    /**
     * The file name suffix that {@link AssembleMain} gives.
     *
     * @return the suffix without its dot
     */
    public String suffix() {
        return suffix;
    }

    long defaultOrigin() {
        return defaultOrigin;
    }

    int dataAlignment() {
        return dataAlignment;
    }

    /**
     * Finds a format by the name used on the command line and in the {@code format} directive.
     *
     * @param name {@code flat}, {@code elf32} or {@code elf64}, in any case
     * @return the format, or empty where there is none of that name
     */
    public static Optional<OutputFormat> byName(String name) {
        for (OutputFormat format : values()) {
            if (format.name().equals(name.toUpperCase(Locale.ROOT))) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }
}
