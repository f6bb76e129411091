package dev.cloister.emulator.assembler;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** The result of assembling one source: immutable. */
public final class Assembly {
    private final OutputFormat format;
    private final byte[] image;
    private final long entry;
    private final SortedMap<String, Long> symbols;

    Assembly(OutputFormat format, byte[] image, long entry, SortedMap<String, Long> symbols) {
        this.format = format;
        this.image = image;
        this.entry = entry;
        this.symbols = Collections.unmodifiableSortedMap(new TreeMap<>(symbols));
    }

    /**
     * The format that the caller or the source chose.
     *
     * @return the format
     */
    public OutputFormat format() {
        return format;
    }

    /**
     * The file's content.
     *
     * @return a fresh copy
     */
    public byte[] image() {
        return image.clone();
    }

    /**
     * The address where execution starts: the label of an {@code entry} directive, else {@code _start}, else the start of {@code .text}.
     *
     * @return an address as the source's origin counts it
     */
    public long entry() {
        return entry;
    }

    /**
     * Every label and {@code equ}, local labels as {@code global.local}.
     *
     * @return unmodifiable, sorted by name
     */
    public SortedMap<String, Long> symbols() {
        return symbols;
    }
}
