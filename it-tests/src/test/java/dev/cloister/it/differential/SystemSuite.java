package dev.cloister.it.differential;

import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Makes the cases of one of the test kernels, and says what of their results may differ. */
interface SystemSuite {
    /**
     * What of all possible cases.
     *
     * @param seed of the random values
     * @param forms a pattern searched in a form's name
     * @param modes a pattern searched in a mode's name
     * @param each cases of each form in each mode
     */
    record Wanted(long seed, String forms, String modes, int each) {
        boolean isMode(String title) {
            return Pattern.compile(modes).matcher(title).find();
        }

        boolean isForm(Site site) {
            return !site.isVex() && Pattern.compile(forms).matcher(site.name()).find();
        }
    }

    /**
     * The cases of a form in a mode, named for both.
     *
     * @param mode the mode's title
     * @param next makes one, or null where the form can't be encoded
     */
    static Stream<SystemCase> cases(Site site, String mode, Wanted wanted, Supplier<SystemCase> next) {
        return Stream.generate(next)
                .limit(wanted.each())
                .filter(Objects::nonNull)
                .map(c -> {
                    c.group = mode + " " + site.form().mnemonic;
                    c.text = site.name();
                    return c;
                });
    }

    /** The emulator with this suite's kernel. */
    SystemMachine emulated();

    /** The cases, made as they are asked for. */
    Iterable<SystemCase> generate(Wanted wanted);

    /** What differs, a line each, the emulator's value first. */
    List<String> differences(SystemCase c, SystemOutcome mine, SystemOutcome their);

    /** Why the differences are permitted; empty where they aren't. */
    String why(SystemCase c, SystemOutcome mine, SystemOutcome their, List<String> differences);
}
