package dev.cloister.emulator.assembler;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes an ELF executable: header, program headers, the PVH note, then the segments at page offsets (System V ABI, chapter 5).
 * There are no section headers: nothing that loads the file needs them.
 */
final class ElfWriter {
    private static final int PAGE = 4096;
    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final int READ = 4;
    private static final int WRITE = 2;
    private static final int EXECUTE = 1;
    private static final int EM_386 = 3;
    private static final int EM_X86_64 = 62;
    /** Xen's public elfnote.h: the 32-bit physical entry of the PVH boot ABI. */
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;

    /** One program header and its content. */
    private record Segment(int type, int flags, long address, byte[] content, long memorySize, long offset) {}

    private final boolean wide;
    private final Pass pass;
    private final List<Segment> segments = new ArrayList<>();

    ElfWriter(boolean wide, Pass pass) {
        this.wide = wide;
        this.pass = pass;
    }

    byte[] write() {
        Section text = pass.get(Section.Name.TEXT);
        Section data = pass.get(Section.Name.DATA);
        Section bss = pass.get(Section.Name.BSS);
        long offset = PAGE + text.base() % PAGE;
        if (text.size() > 0) {
            segments.add(new Segment(PT_LOAD, READ | EXECUTE, text.base(), text.content(), text.size(), offset));
        }
        offset += text.size() + (data.base() - text.base() - text.size());
        long writable = bss.size() == 0 ? data.size() : bss.base() + bss.size() - data.base();
        if (writable > 0) {
            segments.add(new Segment(PT_LOAD, READ | WRITE, data.base(), data.content(), writable, offset));
        }
        if (pass.pvhEntry() != null) {
            byte[] note = note(pass.pvhEntry());
            int count = segments.size() + 1;
            segments.add(new Segment(PT_NOTE, READ, 0, note, note.length, headerSize() + (long) count * entrySize()));
        }
        return assemble();
    }

    private int headerSize() {
        return wide ? 64 : 52;
    }

    private int entrySize() {
        return wide ? 56 : 32;
    }

    private byte[] note(long entry) {
        ByteBuffer note = ByteBuffer.allocate(wide ? 24 : 20).order(ByteOrder.LITTLE_ENDIAN);
        note.putInt(4).putInt(wide ? 8 : 4).putInt(XEN_ELFNOTE_PHYS32_ENTRY);
        note.put("Xen\0".getBytes(StandardCharsets.US_ASCII));
        word(note, entry);
        return note.array();
    }

    private void word(ByteBuffer out, long value) {
        if (wide) {
            out.putLong(value);
        } else {
            out.putInt((int) value);
        }
    }

    private byte[] assemble() {
        long size = headerSize() + (long) segments.size() * entrySize();
        for (Segment segment : segments) {
            size = Math.max(size, segment.offset() + segment.content().length);
        }
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
        header(out);
        for (Segment segment : segments) {
            programHeader(out, segment);
        }
        for (Segment segment : segments) {
            out.put((int) segment.offset(), segment.content());
        }
        return out.array();
    }

    private void header(ByteBuffer out) {
        out.put(new byte[] {0x7F, 'E', 'L', 'F', (byte) (wide ? 2 : 1), 1, 1, 0});
        out.putLong(0);
        out.putShort((short) 2).putShort((short) (wide ? EM_X86_64 : EM_386)).putInt(1);
        word(out, pass.entryAddress());
        word(out, headerSize());
        word(out, 0);
        out.putInt(0).putShort((short) headerSize()).putShort((short) entrySize());
        out.putShort((short) segments.size())
                .putShort((short) 0)
                .putShort((short) 0)
                .putShort((short) 0);
    }

    private void programHeader(ByteBuffer out, Segment segment) {
        int alignment = segment.type() == PT_NOTE ? 4 : PAGE;
        out.putInt(segment.type());
        if (wide) {
            out.putInt(segment.flags());
        }
        word(out, segment.offset());
        word(out, segment.address());
        word(out, segment.address());
        word(out, segment.content().length);
        word(out, segment.memorySize());
        if (!wide) {
            out.putInt(segment.flags());
        }
        word(out, alignment);
    }
}
