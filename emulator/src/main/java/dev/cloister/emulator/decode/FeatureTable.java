package dev.cloister.emulator.decode;

import dev.cloister.emulator.cpu.CpuFeature;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which features the instruction forms need: the resource {@code features.txt} beside this class. Immutable. */
public final class FeatureTable {
    private static final Need NOTHING = new Need(Set.of(), Set.of());
    private static final Need SSE2 = new Need(EnumSet.of(CpuFeature.SSE2), Set.of());
    private static final Need MMX_ALONE = new Need(EnumSet.of(CpuFeature.MMX), Set.of());

    /** In front of a mnemonic: its form with MMX registers alone. */
    private static final String MMX = "mm.";

    private static final Set<String> NOT_X87 = Set.of("fxsave", "fxsave64", "fxrstor", "fxrstor64", "femms");

    private static final FeatureTable INSTANCE = new FeatureTable();

    private final Map<String, Need> byMnemonic = new HashMap<>();
    private final Need[] byForm;

    /**
     * What one form needs.
     *
     * @param always for every operand size
     * @param wide beyond that for vectors of 256 bits
     */
    public record Need(Set<CpuFeature> always, Set<CpuFeature> wide) {}

    private FeatureTable() {
        try (InputStream in = InstructionTables.features()) {
            BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            reader.lines()
                    .filter(line -> !line.isEmpty() && line.charAt(0) != '#')
                    .forEach(this::parse);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        FormTable forms = FormTable.instance();
        byForm = new Need[forms.forms().size()];
        for (Form form : forms.forms()) {
            byForm[form.id] = find(form);
        }
        for (String mnemonic : byMnemonic.keySet()) {
            if (forms.forms().stream()
                    .noneMatch(form -> (form.mnemonic.equals(mnemonic) || mnemonic.equals(MMX + form.mnemonic)))) {
                throw new IllegalStateException("features.txt names " + mnemonic + ", which no form has");
            }
        }
    }

    /**
     * The table.
     *
     * @return the only one
     */
    public static FeatureTable instance() {
        return INSTANCE;
    }

    private void parse(String line) {
        String[] field = line.split(" +");
        String[] names = field[0].split("/");
        Set<CpuFeature> always = EnumSet.of(CpuFeature.valueOf(names[0]));
        Set<CpuFeature> wide = names.length > 1 ? EnumSet.of(CpuFeature.valueOf(names[1])) : Set.of();
        Need need = new Need(always, wide);
        for (int n = 1; n < field.length; n++) {
            if (byMnemonic.put(field[n], need) != null) {
                throw new IllegalStateException("features.txt names " + field[n] + " twice");
            }
        }
    }

    private Need find(Form form) {
        Need named = byMnemonic.get(form.mnemonic);
        if (isMmx(form)) {
            named = byMnemonic.getOrDefault(MMX + form.mnemonic, named);
        }
        if (form.mnemonic.startsWith("f") && !NOT_X87.contains(form.mnemonic)) {
            return x87(named);
        }
        return named == null ? byOperands(form) : named;
    }

    private static boolean isMmx(Form form) {
        return form.has(Form.MMX) && !form.has(Form.VECTOR);
    }

    private static Need byOperands(Form form) {
        if (form.has(Form.VEX)) {
            boolean integer = form.mnemonic.startsWith("vp");
            return new Need(EnumSet.of(CpuFeature.AVX), integer ? EnumSet.of(CpuFeature.AVX2) : Set.of());
        }
        if (isMmx(form)) {
            return MMX_ALONE;
        }
        return form.has(Form.VECTOR) ? SSE2 : NOTHING;
    }

    private static Need x87(@Nullable Need beyond) {
        EnumSet<CpuFeature> always = EnumSet.of(CpuFeature.FPU);
        if (beyond != null) {
            always.addAll(beyond.always());
        }
        return new Need(always, Set.of());
    }

    /**
     * What a form needs.
     *
     * @param form any
     * @return never null
     */
    public Need of(Form form) {
        return byForm[form.id];
    }
}
