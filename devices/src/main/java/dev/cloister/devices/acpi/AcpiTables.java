package dev.cloister.devices.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All ACPI tables of a machine, laid out for one place in guest memory (ACPI 6.5, chapter 5): RSDP first, so that a guest that searches
 * the BIOS area finds it, then RSDT and XSDT, FADT with its FACS, DSDT, MADT, and MCFG where there is PCI.
 *
 * <p>The model is a PC with the fixed hardware of {@link PowerManagement}, always in ACPI mode (no SMI command port), with two 8259s
 * beside the APICs: what PC operating systems of the last 25 years expect.
 */
public final class AcpiTables {
    private static final int ALIGNMENT = 64;
    private static final int RSDP_BYTES = 36;
    private static final int RSDP_FIRST_PART = 20;
    private static final int HEADER_BYTES = 36;
    private static final int CHECKSUM = 9;
    private static final byte[] OEM = ascii("CLOIST");
    private static final byte[] OEM_TABLE = ascii("CLOISTER");
    private static final byte[] CREATOR = ascii("CLST");
    private static final int REVISION = 1;

    private final AcpiMachine machine;
    private final long base;
    private final Map<String, Integer> places = new LinkedHashMap<>();
    private final List<byte[]> pieces = new ArrayList<>();
    private int end;

    private AcpiTables(AcpiMachine machine) {
        this.machine = machine;
        this.base = machine.tables();
    }

    /**
     * Lays out the tables.
     *
     * @param machine what they tell
     * @return the tables
     */
    public static AcpiTables of(AcpiMachine machine) {
        AcpiTables made = new AcpiTables(machine);
        // RSDP and the two lists come first but point to all others: their sizes are known.
        List<String> listed = new ArrayList<>(List.of("FACP", "APIC"));
        machine.pci().ifPresent(root -> listed.add("MCFG"));
        made.end = up(RSDP_BYTES);
        int rsdt = made.end;
        int xsdt = rsdt + up(HEADER_BYTES + listed.size() * Integer.BYTES);
        made.end = xsdt + up(HEADER_BYTES + listed.size() * Long.BYTES);
        long facs = made.put("FACS", FixedTables.facs());
        long dsdt = made.put("DSDT", table("DSDT", 2, Dsdt.terms(machine)));
        made.put("FACP", table("FACP", FixedTables.FADT_REVISION, FixedTables.fadt(machine, facs, dsdt)));
        made.put("APIC", table("APIC", FixedTables.MADT_REVISION, FixedTables.madt(machine)));
        machine.pci().ifPresent(root -> made.put("MCFG", table("MCFG", 1, FixedTables.mcfg(root))));
        made.putAt("RSDT", rsdt, table("RSDT", 1, made.pointers(listed, Integer.BYTES)));
        made.putAt("XSDT", xsdt, table("XSDT", 1, made.pointers(listed, Long.BYTES)));
        made.putAt("RSDP", 0, rsdp(machine.tables() + rsdt, machine.tables() + xsdt));
        return made;
    }

    /**
     * Where they lie.
     *
     * @return guest-physical address of the first byte, which is that of the root pointer (RSDP)
     */
    public long gpa() {
        return base;
    }

    /** Where a table begins, in bytes behind the root pointer's first. */
    int place(String signature) {
        Integer place = places.get(signature);
        if (place == null) {
            throw new IllegalArgumentException("no table " + signature + "; there are " + places.keySet());
        }
        return place;
    }

    /**
     * How many processors they tell of.
     *
     * @return 1 or more
     */
    public int processors() {
        return machine.processors();
    }

    /**
     * What kernels without ACPI find instead: an MP table of the same machine (Intel MultiProcessor Specification 1.4).
     *
     * @param gpa where it will lie, a multiple of 16 in the BIOS area
     * @return its bytes
     */
    public byte[] multiprocessorTable(long gpa) {
        return MpTable.at(machine, gpa);
    }

    /**
     * All tables with the gaps between them.
     *
     * @return a copy
     */
    public byte[] bytes() {
        byte[] all = new byte[end];
        int n = 0;
        for (int place : places.values()) {
            byte[] piece = pieces.get(n++);
            System.arraycopy(piece, 0, all, place, piece.length);
        }
        return all;
    }

    /**
     * One table alone, for tests and for people.
     *
     * @param signature its four characters; also {@code RSDP}
     * @return a copy of its bytes
     * @throws IllegalArgumentException if the machine has no such table
     */
    public byte[] table(String signature) {
        int n = 0;
        for (String each : places.keySet()) {
            if (each.equals(signature)) {
                return pieces.get(n).clone();
            }
            n++;
        }
        throw new IllegalArgumentException("no table " + signature + "; there are " + places.keySet());
    }

    private long put(String signature, byte[] bytes) {
        int place = end;
        end += up(bytes.length);
        putAt(signature, place, bytes);
        return base + place;
    }

    private void putAt(String signature, int place, byte[] bytes) {
        places.put(signature, place);
        pieces.add(bytes);
    }

    private byte[] pointers(List<String> listed, int width) {
        List<byte[]> result = new ArrayList<>();
        for (String each : listed) {
            Integer place = places.get(each);
            if (place == null) {
                throw new IllegalStateException("table " + each + " is listed but not placed");
            }
            result.add(Aml.number(base + place, width));
        }
        return Aml.list(result.toArray(byte[][]::new));
    }

    private static int up(int bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Header (ACPI 6.5, 5.2.6) and body. */
    private static byte[] table(String signature, int revision, byte[] body) {
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + body.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(ascii(signature)).putInt(HEADER_BYTES + body.length);
        out.put((byte) revision).put((byte) 0);
        out.put(OEM).put(OEM_TABLE).putInt(REVISION).put(CREATOR).putInt(REVISION);
        out.put(body);
        byte[] bytes = out.array();
        bytes[CHECKSUM] = complement(bytes, bytes.length);
        return bytes;
    }

    /** The root pointer (ACPI 6.5, 5.2.5.3), whose first 20 bytes have a checksum of their own. */
    private static byte[] rsdp(long rsdt, long xsdt) {
        ByteBuffer out = ByteBuffer.allocate(RSDP_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        out.put(ascii("RSD PTR ")).put((byte) 0).put(OEM).put((byte) 2).putInt((int) rsdt);
        out.putInt(RSDP_BYTES).putLong(xsdt);
        byte[] bytes = out.array();
        bytes[8] = complement(bytes, RSDP_FIRST_PART);
        bytes[32] = complement(bytes, RSDP_BYTES);
        return bytes;
    }

    /** What makes the sum of the first bytes 0; the checksum's own byte is 0. */
    private static byte complement(byte[] bytes, int count) {
        int sum = 0;
        for (int i = 0; i < count; i++) {
            sum += bytes[i];
        }
        return (byte) -sum;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
