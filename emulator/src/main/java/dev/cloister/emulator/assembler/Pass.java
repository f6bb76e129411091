package dev.cloister.emulator.assembler;

import java.util.EnumMap;
import java.util.Map;

/** The state of one walk over all statements; sections and symbols live on from pass to pass. */
final class Pass {
    private final OutputFormat format;
    private final Symbols symbols;
    private final Map<Section.Name, Section> sections = new EnumMap<>(Section.Name.class);
    private Section section;
    private int bits;
    private boolean strict;
    private long origin;
    private Long entry;
    private Long pvhEntry;

    Pass(OutputFormat format, Symbols symbols) {
        this.format = format;
        this.symbols = symbols;
        this.origin = format.defaultOrigin();
        for (Section.Name name : Section.Name.values()) {
            sections.put(name, new Section(name));
        }
    }

    /** Starts over with the addresses that the last pass ended with; {@code isStrict} reports what may settle later. */
    void start(boolean isStrict) {
        strict = isStrict;
        sections.values().forEach(Section::restart);
        bits = switch (format) {
            case FLAT -> 16;
            case ELF32 -> 32;
            case ELF64 -> 64;
        };
        entry = null;
        pvhEntry = null;
        section(Section.Name.TEXT);
    }

    /** Places the sections one after another; true where one of them moved. */
    boolean place() {
        Section text = section(Section.Name.TEXT);
        Section data = sections.get(Section.Name.DATA);
        Section bss = sections.get(Section.Name.BSS);
        long before = text.base() ^ Long.rotateLeft(data.base(), 21) ^ Long.rotateLeft(bss.base(), 42);
        text.base(origin);
        data.base(aligned(origin + text.size(), format.dataAlignment()));
        bss.base(aligned(data.base() + data.size(), 16));
        long after = text.base() ^ Long.rotateLeft(data.base(), 21) ^ Long.rotateLeft(bss.base(), 42);
        return before != after;
    }

    private static long aligned(long address, long to) {
        return address + to - 1 & -to;
    }

    Section section(Section.Name name) {
        section = sections.get(name);
        locate();
        return section;
    }

    Section get(Section.Name name) {
        return sections.get(name);
    }

    /** Tells the symbols where {@code $} is now. */
    void locate() {
        symbols.location(section.base() + section.size(), section.base());
    }

    Symbols symbols() {
        return symbols;
    }

    boolean strict() {
        return strict;
    }

    int bits() {
        return bits;
    }

    void bits(int value) {
        bits = value;
    }

    void origin(long value) {
        origin = value;
    }

    void entry(long value) {
        entry = value;
    }

    void pvhEntry(long value) {
        pvhEntry = value;
    }

    Long pvhEntry() {
        return pvhEntry;
    }

    /** The address where execution starts. */
    long entryAddress() {
        if (entry != null) {
            return entry;
        }
        Long start = symbols.value("_start");
        return start != null ? start : sections.get(Section.Name.TEXT).base();
    }

    int defaultFill() {
        return section.name() == Section.Name.TEXT ? 0x90 : 0;
    }

    void append(byte[] from, int offset, int length) {
        room(length);
        section.append(from, offset, length);
    }

    void fill(long count, int with) {
        room(count);
        section.fill(count, with);
    }

    private void room(long more) {
        if (section.size() + more > Statement.LIMIT) {
            throw new LineError(1, "the section grows beyond " + Statement.LIMIT + " bytes");
        }
    }

    /** A repeat count; a wrong one may still settle unless this pass is strict. */
    long count(Expr expr, int column) {
        long value = symbols.evaluate(expr);
        if (value >= 0 && value <= Statement.LIMIT) {
            return value;
        }
        if (strict) {
            throw new LineError(column, "a count is 0 to " + Statement.LIMIT + ", this is " + value);
        }
        return 0;
    }
}
