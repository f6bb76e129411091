package dev.cloister.devices.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * ACPI tables as files that firmware places where it likes, and the commands by which it mends their pointers and checksums: what QEMU's
 * table loader ({@code bios-linker-loader}) has, which SeaBIOS, UEFI and qboot carry out. Tables for it are laid out at {@link #BASE}.
 */
public final class TableLoader {
    /** The file with the root pointer. */
    public static final String ROOT_FILE = "etc/acpi/rsdp";

    /** The file with all other tables. */
    public static final String TABLES_FILE = "etc/acpi/tables";

    /** The file with the commands. */
    public static final String COMMANDS_FILE = "etc/table-loader";

    /** Where tables are laid out so that each pointer is the offset in the tables' file: the root pointer in front of it. */
    public static final long BASE = -64;

    private static final int ROOT_BYTES = 36;
    private static final int COMMAND_BYTES = 128;
    private static final int NAME_BYTES = 56;
    private static final int ALLOCATE = 1;
    private static final int ADD_POINTER = 2;
    private static final int ADD_CHECKSUM = 3;
    private static final int HIGH_MEMORY = 1;
    private static final int BIOS_AREA = 2;
    private static final int TABLE_ALIGNMENT = 64;
    private static final int ROOT_ALIGNMENT = 16;
    private static final int HEADER_BYTES = 36;
    private static final int CHECKSUM = 9;
    private static final int FACS_AT = 36;
    private static final int DSDT_AT = 40;
    private static final int WIDE_DSDT_AT = 140;
    private static final int RSDT_AT = 16;
    private static final int XSDT_AT = 24;
    private static final int ROOT_CHECKSUM = 8;
    private static final int ROOT_FIRST_PART = 20;
    private static final int ROOT_WHOLE_CHECKSUM = 32;

    private final AcpiTables tables;
    private final byte[] all;
    private final ByteArrayOutputStream commands = new ByteArrayOutputStream();

    /**
     * Takes tables apart.
     *
     * @param tables laid out at {@link #BASE}
     * @throws IllegalArgumentException if they are laid out elsewhere
     */
    public TableLoader(AcpiTables tables) {
        if (tables.gpa() != BASE) {
            throw new IllegalArgumentException(
                    "tables laid out at gpa 0x" + Long.toHexString(tables.gpa()) + "; expected " + BASE);
        }
        this.tables = tables;
        this.all = tables.bytes();
        allocate(TABLES_FILE, TABLE_ALIGNMENT, HIGH_MEMORY);
        allocate(ROOT_FILE, ROOT_ALIGNMENT, BIOS_AREA);
        fixedTable();
        list("RSDT", Integer.BYTES);
        list("XSDT", Long.BYTES);
        pointer(ROOT_FILE, RSDT_AT, Integer.BYTES);
        pointer(ROOT_FILE, XSDT_AT, Long.BYTES);
        checksum(ROOT_FILE, 0, ROOT_FIRST_PART, ROOT_CHECKSUM);
        checksum(ROOT_FILE, 0, ROOT_BYTES, ROOT_WHOLE_CHECKSUM);
    }

    /**
     * The root pointer, its checksums zero.
     *
     * @return the file's bytes
     */
    public byte[] root() {
        return Arrays.copyOf(all, ROOT_BYTES);
    }

    /**
     * All other tables; the checksums of those with pointers are zero.
     *
     * @return the file's bytes
     */
    public byte[] tables() {
        return Arrays.copyOfRange(all, (int) -BASE, all.length);
    }

    /**
     * The commands, 128 bytes each.
     *
     * @return the file's bytes
     */
    public byte[] commands() {
        return commands.toByteArray();
    }

    private void fixedTable() {
        int fadt = place("FACP");
        pointer(TABLES_FILE, fadt + FACS_AT, Integer.BYTES);
        pointer(TABLES_FILE, fadt + DSDT_AT, Integer.BYTES);
        pointer(TABLES_FILE, fadt + WIDE_DSDT_AT, Long.BYTES);
        tableChecksum("FACP");
    }

    private void list(String signature, int width) {
        int entries = (tables.table(signature).length - HEADER_BYTES) / width;
        for (int i = 0; i < entries; i++) {
            pointer(TABLES_FILE, place(signature) + HEADER_BYTES + i * width, width);
        }
        tableChecksum(signature);
    }

    private int place(String signature) {
        return tables.place(signature) + (int) BASE;
    }

    private void tableChecksum(String signature) {
        int from = place(signature);
        checksum(TABLES_FILE, from, tables.table(signature).length, from + CHECKSUM);
    }

    private void allocate(String file, int alignment, int zone) {
        add(command(ALLOCATE, file).putInt(alignment).put((byte) zone));
    }

    /** All pointers lead into the tables' file. */
    private void pointer(String file, int at, int width) {
        add(command(ADD_POINTER, file, TABLES_FILE).putInt(at).put((byte) width));
    }

    private void checksum(String file, int from, int length, int at) {
        all[file.equals(ROOT_FILE) ? at : at - (int) BASE] = 0;
        add(command(ADD_CHECKSUM, file).putInt(at).putInt(from).putInt(length));
    }

    private static ByteBuffer command(int kind, String... files) {
        ByteBuffer command = ByteBuffer.allocate(COMMAND_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        command.putInt(kind);
        for (String file : files) {
            command.put(Arrays.copyOf(file.getBytes(StandardCharsets.US_ASCII), NAME_BYTES));
        }
        return command;
    }

    private void add(ByteBuffer command) {
        commands.writeBytes(command.array());
    }
}
