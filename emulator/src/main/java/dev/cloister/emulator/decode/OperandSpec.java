package dev.cloister.emulator.decode;

import java.util.Map;

/** One operand of a {@link Form}: place, width, and the register where the opcode implies it. */
public record OperandSpec(OperandPlace place, OperandWidth width, int register) {
    private static final Map<String, OperandSpec> FIXED = Map.ofEntries(
            general("al", OperandWidth.B, 0),
            general("cl", OperandWidth.B, 1),
            general("ax", OperandWidth.W, 0),
            general("dx", OperandWidth.W, 2),
            general("eAX", OperandWidth.Z, 0),
            general("rAX", OperandWidth.V, 0),
            segment("es", 0),
            segment("cs", 1),
            segment("ss", 2),
            segment("ds", 3),
            segment("fs", 4),
            segment("gs", 5),
            Map.entry("1", new OperandSpec(OperandPlace.FIXED_ONE, OperandWidth.B, 0)),
            Map.entry("st", new OperandSpec(OperandPlace.FIXED_X87, OperandWidth.T, 0)),
            Map.entry("xmm0", new OperandSpec(OperandPlace.FIXED_XMM, OperandWidth.DQ, 0)),
            Map.entry("STi", new OperandSpec(OperandPlace.ST, OperandWidth.T, 0)),
            Map.entry("sIb", new OperandSpec(OperandPlace.SI, OperandWidth.B, 0)),
            Map.entry("uIb", new OperandSpec(OperandPlace.UI, OperandWidth.B, 0)),
            Map.entry("XLb", new OperandSpec(OperandPlace.XL, OperandWidth.B, 0)),
            Map.entry("Kn", new OperandSpec(OperandPlace.K, OperandWidth.N, 0)),
            Map.entry("KHn", new OperandSpec(OperandPlace.KH, OperandWidth.N, 0)),
            Map.entry("KRn", new OperandSpec(OperandPlace.KR, OperandWidth.N, 0)));

    private static Map.Entry<String, OperandSpec> general(String name, OperandWidth width, int register) {
        return Map.entry(name, new OperandSpec(OperandPlace.FIXED_GENERAL, width, register));
    }

    private static Map.Entry<String, OperandSpec> segment(String name, int register) {
        return Map.entry(name, new OperandSpec(OperandPlace.FIXED_SEGMENT, OperandWidth.V, register));
    }

    public static OperandSpec parse(String token) {
        OperandSpec fixed = FIXED.get(token);
        return fixed != null
                ? fixed
                : new OperandSpec(OperandPlace.valueOf(token.substring(0, 1)), OperandWidth.of(token.substring(1)), 0);
    }
}
