package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * What a PC's BIOS leaves in memory at 0x400 for the programs that run after it. Kernels that are entered in protected or
 * 64-bit mode still read it: Xen and others take the end of conventional memory from it. Fields as in IBM's PC/AT Technical
 * Reference, section 5, and Ralf Brown's MEMORY.LST.
 */
final class BiosDataArea {
    /** Guest-physical address of the first byte. */
    static final long GPA = 0x400;

    private static final int BYTES = 0x100;
    private static final int COM1 = 0x3f8;
    private static final int COM1_AT = 0x00;
    private static final int EBDA_SEGMENT_AT = 0x0e;
    private static final int LOW_KIB_AT = 0x13;
    private static final int VIDEO_MODE_AT = 0x49;
    private static final int COLUMNS_AT = 0x4a;
    private static final int CRTC_PORT_AT = 0x63;
    private static final int LAST_ROW_AT = 0x84;
    private static final int CRTC_PORT = 0x3d4;
    private static final int TEXT_MODE = 3;
    private static final int COLUMNS = 80;
    private static final int LAST_ROW = 24;

    private BiosDataArea() {}

    /** Places it, unless the guest has no such memory or the image brings its own bytes for that place. */
    static void place(Plan plan) {
        MemoryRange low = plan.map().ranges().getFirst();
        boolean conventional = low.kind() == MemoryRange.Kind.RAM && low.end() == MemoryMap.LOW_RAM_END;
        if (conventional && plan.isFree(GPA, BYTES)) {
            plan.putFixed("BIOS data area", GPA, MemorySegment.ofBuffer(content()));
        }
    }

    private static ByteBuffer content() {
        ByteBuffer area = Entries.buffer(BYTES);
        area.putShort(COM1_AT, (short) COM1);
        area.putShort(EBDA_SEGMENT_AT, (short) (MemoryMap.LOW_RAM_END >> 4));
        area.putShort(LOW_KIB_AT, (short) (MemoryMap.LOW_RAM_END >> 10));
        area.put(VIDEO_MODE_AT, (byte) TEXT_MODE);
        area.putShort(COLUMNS_AT, (short) COLUMNS);
        area.putShort(CRTC_PORT_AT, (short) CRTC_PORT);
        area.put(LAST_ROW_AT, (byte) LAST_ROW);
        return area;
    }
}
