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

/** Which features the instruction forms need: the resource {@code features.txt} beside this class. Immutable. */
public final class FeatureTable {
    private static final Need NOTHING = new Need(Set.of(), Set.of());
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
            if (forms.forms().stream().noneMatch(form -> form.mnemonic.equals(mnemonic))) {
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
        if (named != null) {
            return named;
        }
        if (!form.has(Form.VEX)) {
            return NOTHING;
        }
        boolean integer = form.mnemonic.startsWith("vp");
        return new Need(EnumSet.of(CpuFeature.AVX), integer ? EnumSet.of(CpuFeature.AVX2) : Set.of());
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
