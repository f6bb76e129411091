package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * The interrupt vectors and the few handlers that stand in for a PC's BIOS where a guest is started without firmware. Boot sectors
 * and kernels' start-up code call it (Xen asks it for disks and video modes): {@code INT 10h} AH=0Eh prints a character on COM1, {@code
 * INT 11h} and {@code 12h} tell equipment and conventional memory, {@code INT 18h} and {@code 19h} reset the machine, interrupts of
 * the 8259 pair are acknowledged, and every other service answers that it isn't there (carry set, AH=86h). Conventions as in IBM's PC/AT
 * Technical Reference, section 5, and Ralf Brown's Interrupt List. A guest with real firmware has none of this.
 */
final class BiosServices {
    private static final int SEGMENT = 0xf000;
    private static final long BASE = (long) SEGMENT << 4;
    private static final int VECTORS = 256;
    private static final int SERVICES = 0x10;
    private static final int SERVICES_END = 0x20;
    private static final int FIRST_IRQ = 0x08;
    private static final int SECOND_IRQ = 0x70;
    private static final int IRQS = 8;

    /** Where PCs have an {@code iret} for vectors that nobody serves. */
    private static final int NOTHING = 0xff53;

    private static final int ABSENT = 0xff60;
    private static final int FIRST_PIC = 0xff70;
    private static final int SECOND_PIC = 0xff80;
    private static final int VIDEO = 0xff90;
    private static final int EQUIPMENT = 0xffa0;
    private static final int MEMORY_SIZE = 0xffb0;
    private static final int RESET = 0xfff0;

    private BiosServices() {}

    /** Places vectors and handlers, unless the guest has no memory there or the image brings its own bytes. */
    static void place(Plan plan) {
        int vectorBytes = VECTORS * 4;
        if (!plan.map().isRam(MemoryMap.HIGH_RAM_START, 1)
                || !plan.isFree(0, vectorBytes)
                || !plan.isFree(BASE + NOTHING, 0xffff - NOTHING)) {
            return;
        }
        plan.putFixed("BIOS vectors", 0, MemorySegment.ofBuffer(vectors()));
        plan.putFixed("BIOS handlers", BASE + NOTHING, MemorySegment.ofBuffer(handlers()));
    }

    private static ByteBuffer vectors() {
        ByteBuffer table = Entries.buffer(VECTORS * 4);
        for (int vector = 0; vector < VECTORS; vector++) {
            table.putShort(vector * 4, (short) handler(vector)).putShort(vector * 4 + 2, (short) SEGMENT);
        }
        return table;
    }

    private static int handler(int vector) {
        return switch (vector) {
            case 0x10 -> VIDEO;
            case 0x11 -> EQUIPMENT;
            case 0x12 -> MEMORY_SIZE;
            case 0x18, 0x19 -> RESET;
            default -> otherHandler(vector);
        };
    }

    private static int otherHandler(int vector) {
        if (vector >= SERVICES && vector < SERVICES_END) {
            // INT 1Bh, 1Ch and 1Eh are hooks and tables of the BIOS itself, not services.
            return vector == 0x1b || vector == 0x1c ? NOTHING : ABSENT;
        }
        if (vector >= FIRST_IRQ && vector < FIRST_IRQ + IRQS) {
            return FIRST_PIC;
        }
        return vector >= SECOND_IRQ && vector < SECOND_IRQ + IRQS ? SECOND_PIC : NOTHING;
    }

    private static ByteBuffer handlers() {
        ByteBuffer code = Entries.buffer(0xffff - NOTHING);
        // iret
        put(code, NOTHING, "cf");
        // sti; mov ah, 0x86; stc; retf 2
        put(code, ABSENT, "fb b4 86 f9 ca 02 00");
        // push ax; mov al, 0x20; out 0x20, al; pop ax; iret
        put(code, FIRST_PIC, "50 b0 20 e6 20 58 cf");
        // push ax; mov al, 0x20; out 0xa0, al; out 0x20, al; pop ax; iret
        put(code, SECOND_PIC, "50 b0 20 e6 a0 e6 20 58 cf");
        // cmp ah, 0x0e; jne done; push dx; push ax; mov dx, 0x3f8; out dx, al; pop ax; pop dx; done: iret
        put(code, VIDEO, "80 fc 0e 75 08 52 50 ba f8 03 ee 58 5a cf");
        // mov ax, 0x0222 (a coprocessor, 80 columns, one serial port); iret
        put(code, EQUIPMENT, "b8 22 02 cf");
        // mov ax, 639; iret
        put(code, MEMORY_SIZE, "b8 7f 02 cf");
        // mov dx, 0xcf9; mov al, 6; out dx, al; hlt; jmp to the hlt
        put(code, RESET, "ba f9 0c b0 06 ee f4 eb fd");
        // The model byte of a PC/AT.
        put(code, 0xfffe, "fc");
        return code;
    }

    private static void put(ByteBuffer code, int offset, String hex) {
        code.put(offset - NOTHING, HexFormat.ofDelimiter(" ").parseHex(hex));
    }
}
