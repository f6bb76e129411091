package dev.cloister.vmm.debug.gdb;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.vmm.debug.DebugTarget;
import java.util.ArrayList;
import java.util.List;

/**
 * The registers that the peer is told of, by number, and the description that tells it (GDB manual, G.5.7 and G.3): GDB's own
 * features for core, SSE, AVX and segment bases, then one of ours with what a kernel's programmer wants to see besides. Immutable; one
 * set for each width of code.
 */
final class RegisterSet {
    /** A named part of the description. */
    private record Feature(String name, String types, List<Register> registers) {}

    private static final String VECTOR_TYPES = """
        <vector id="v4f" type="ieee_single" count="4"/>
        <vector id="v2d" type="ieee_double" count="2"/>
        <vector id="v16i8" type="int8" count="16"/>
        <vector id="v8i16" type="int16" count="8"/>
        <vector id="v4i32" type="int32" count="4"/>
        <vector id="v2i64" type="int64" count="2"/>
        <union id="vec128">
        <field name="v4_float" type="v4f"/>
        <field name="v2_double" type="v2d"/>
        <field name="v16_int8" type="v16i8"/>
        <field name="v8_int16" type="v8i16"/>
        <field name="v4_int32" type="v4i32"/>
        <field name="v2_int64" type="v2i64"/>
        <field name="uint128" type="uint128"/>
        </union>
        """;

    private static final String FLAG_TYPES = """
        <flags id="i386_eflags" size="4">
        <field name="CF" start="0" end="0"/>
        <field name="" start="1" end="1"/>
        <field name="PF" start="2" end="2"/>
        <field name="AF" start="4" end="4"/>
        <field name="ZF" start="6" end="6"/>
        <field name="SF" start="7" end="7"/>
        <field name="TF" start="8" end="8"/>
        <field name="IF" start="9" end="9"/>
        <field name="DF" start="10" end="10"/>
        <field name="OF" start="11" end="11"/>
        <field name="NT" start="14" end="14"/>
        <field name="RF" start="16" end="16"/>
        <field name="VM" start="17" end="17"/>
        <field name="AC" start="18" end="18"/>
        <field name="VIF" start="19" end="19"/>
        <field name="VIP" start="20" end="20"/>
        <field name="ID" start="21" end="21"/>
        </flags>
        """;

    private final List<Feature> features = new ArrayList<>();
    private final List<Register> registers = new ArrayList<>();
    private final String architecture;
    private final int general;
    private final String description;

    /**
     * A set of registers.
     *
     * @param bits 64, 32, or 16 for the 32-bit registers with 16-bit code
     */
    RegisterSet(int bits) {
        boolean wide = bits == 64;
        this.architecture = wide ? "i386:x86-64" : bits == 32 ? "i386" : "i8086";
        add(new Feature("org.gnu.gdb.i386.core", FLAG_TYPES, Registers.core(wide)));
        add(new Feature("org.gnu.gdb.i386.sse", VECTOR_TYPES, Registers.sse(wide ? 16 : 8)));
        if (wide) {
            add(new Feature("org.gnu.gdb.i386.segments", "", Registers.segmentBases()));
        }
        add(new Feature("org.gnu.gdb.i386.avx", "", Registers.avx(wide ? 16 : 8)));
        general = registers.size();
        add(new Feature("dev.cloister.x86.system", "", Registers.system()));
        description = describe();
    }

    private void add(Feature feature) {
        features.add(feature);
        registers.addAll(feature.registers());
    }

    private String describe() {
        StringBuilder xml = new StringBuilder(16 << 10)
                .append("<?xml version=\"1.0\"?>\n"
                        + "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                        + "<target version=\"1.0\">\n")
                .append("<architecture>")
                .append(architecture)
                .append("</architecture>\n");
        int number = 0;
        for (Feature feature : features) {
            xml.append("<feature name=\"")
                    .append(feature.name())
                    .append("\">\n")
                    .append(feature.types());
            for (Register r : feature.registers()) {
                xml.append("<reg name=\"%s\" bitsize=\"%d\" type=\"%s\" regnum=\"%d\"%s/>\n"
                        .formatted(
                                r.name(),
                                Byte.SIZE * r.bytes(),
                                r.type(),
                                number++,
                                r.group().isEmpty() ? "" : " group=\"" + r.group() + "\""));
            }
            xml.append("</feature>\n");
        }
        return xml.append("</target>\n").toString();
    }

    /** The target description. */
    String description() {
        return description;
    }

    /** The register of a number. */
    Register register(int number) throws BadPacket {
        if (number < 0 || number >= registers.size()) {
            throw new BadPacket();
        }
        return registers.get(number);
    }

    /** How many there are. */
    int count() {
        return registers.size();
    }

    /** A register as hexadecimal digits. */
    static String read(Register register, DebugTarget target, CpuState state) {
        byte[] value = new byte[register.bytes()];
        register.getter().get(target, state, value, 0);
        return Hex.of(value, 0, value.length);
    }

    /** All registers but the system's, which are asked for one by one. */
    String readAll(DebugTarget target, CpuState state) {
        StringBuilder text = new StringBuilder();
        for (Register register : registers.subList(0, general)) {
            text.append(read(register, target, state));
        }
        return text.toString();
    }

    /**
     * Writes all registers that {@link #readAll} reads.
     *
     * @return false if one refuses its value; some were then written
     */
    boolean writeAll(CpuState state, byte[] values) throws BadPacket {
        int length =
                registers.subList(0, general).stream().mapToInt(Register::bytes).sum();
        if (values.length != length) {
            throw new BadPacket();
        }
        int at = 0;
        for (Register register : registers.subList(0, general)) {
            if (!register.setter().set(state, values, at)) {
                return false;
            }
            at += register.bytes();
        }
        return true;
    }
}
