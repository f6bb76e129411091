package dev.cloister.it.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The models of the ring without acknowledgement and of granting, revoking and epochs hold; each twin with a flaw fails, and for the
 * expected reason; each place that the properties are about is reachable. docs/assurance/models.md explains them. Prints the
 * states explored.
 */
class ModelsTest {
    private static final Optional<Spin> SPIN = Spin.find();
    private static final String SAFETY = "";
    private static final String HOLDS = "";
    private static final String TORN = "word";
    private static final String BLAMED = "malformed";
    private static final String HONEST_BLAMED = "hostile[v]";
    private static final String AFTER_END = "&data)&ended)==0";
    private static final String CYCLE = "acceptance cycle";

    @TempDir
    private Path folder;

    /**
     * One search.
     *
     * @param model file name without its ending
     * @param macros separated by blanks
     * @param property an ltl formula's name, or {@link #SAFETY}
     * @param violation what the violation's text must contain, or {@link #HOLDS}
     */
    private record Search(String model, String macros, String property, String violation) {
        @Override
        public String toString() {
            return model
                    + (macros.isEmpty() ? "" : " with " + macros)
                    + (property.isEmpty() ? "" : ", " + property)
                    + (violation.isEmpty() ? ": holds" : ": fails");
        }
    }

    private static Stream<Search> properties() {
        return Stream.of(
                new Search("ring", "", SAFETY, HOLDS),
                new Search("ring", "EPOCHS=3", SAFETY, HOLDS),
                new Search("ring", "HOSTILE", SAFETY, HOLDS),
                new Search("ring", "", "writerNeverWaits", HOLDS),
                new Search("grant", "", SAFETY, HOLDS),
                new Search("grant", "ADOPT RESTARTS=0", SAFETY, HOLDS),
                new Search("grant", "", "everyRevokeEnds", HOLDS),
                new Search("grant", "ADOPT RESTARTS=0 EPOCHS=1", "everyRevokeEnds", HOLDS));
    }

    private static Stream<Search> twins() {
        return Stream.of(
                new Search("ring", "OPAQUE_ANNOUNCEMENT", SAFETY, BLAMED),
                new Search("ring", "LATE_ANNOUNCEMENT", SAFETY, BLAMED),
                new Search("ring", "NO_STORE_FENCE", SAFETY, TORN),
                new Search("ring", "EARLY_COUNT", SAFETY, "length"),
                new Search("ring", "NO_RECHECK", SAFETY, TORN),
                new Search("ring", "RECHECK_BY_COUNT", SAFETY, TORN),
                new Search("ring", "EPOCH_FIRST", SAFETY, TORN),
                new Search("ring", "NO_EPOCH_ZERO", SAFETY, BLAMED),
                new Search("ring", "NO_EPOCH_RECHECK", SAFETY, TORN),
                new Search("ring", "NO_SKIP_RECHECK", SAFETY, BLAMED),
                new Search("ring", "UNCOUNTED", SAFETY, "accepted+lost"),
                new Search("ring", "READER_STORES", SAFETY, "mem[i]==stored[i]"),
                new Search("ring", "HOSTILE DOUBLE_FETCH", SAFETY, "length<=2"),
                new Search("ring", "WRITER_WAITS", "writerNeverWaits", CYCLE),
                new Search("grant", "EFFECT_FIRST", SAFETY, "granted&(1<<epoch)"),
                new Search("grant", "SEAL_LATE", SAFETY, "assertion violated 0"),
                new Search("grant", "ANSWER_WITHOUT_EPOCH", SAFETY, "e==epoch"),
                new Search("grant", "CUT_ONLY_AT_DEADLINE", SAFETY, AFTER_END),
                new Search("grant", "NO_CUT_AT_DEADLINE", SAFETY, AFTER_END),
                new Search("grant", "ADOPT EPOCH_NOT_KEPT", SAFETY, HONEST_BLAMED),
                new Search("grant", "ADOPT STALE_BLAMED", SAFETY, HONEST_BLAMED),
                new Search("grant", "REOPEN_AT_ONCE", SAFETY, "cut&(1<<2)"),
                new Search("grant", "NO_DEADLINE", "everyRevokeEnds", CYCLE));
    }

    private static Stream<Search> witnesses() {
        return Stream.of(
                new Search("ring", "WITNESS=1", SAFETY, "epoch==2"),
                new Search("ring", "WITNESS=2", SAFETY, "lost>0"),
                new Search("ring", "WITNESS=3", SAFETY, "length==2"),
                new Search("ring", "WITNESS=4", SAFETY, "4!=4"),
                new Search("grant", "WITNESS=1", SAFETY, "1!=1"),
                new Search("grant", "WITNESS=2", SAFETY, "2!=2"),
                new Search("grant", "WITNESS=3", SAFETY, "3!=3"),
                new Search("grant", "ADOPT WITNESS=4", SAFETY, "4!=4"),
                new Search("grant", "WITNESS=5", SAFETY, "5!=5"),
                new Search("grant", "ADOPT WITNESS=6", SAFETY, "6!=6"));
    }

    @ParameterizedTest
    @MethodSource("properties")
    void theModelHolds(Search search) throws Exception {
        Spin.Result result = result(search);
        assertThat(result.errors()).as(result.output()).isZero();
    }

    @ParameterizedTest
    @MethodSource("twins")
    void aFlawIsNoticed(Search search) throws Exception {
        fails(search);
    }

    @ParameterizedTest
    @MethodSource("witnesses")
    void whatThePropertiesAreAboutHappens(Search search) throws Exception {
        fails(search);
    }

    private void fails(Search search) throws IOException, InterruptedException {
        Spin.Result result = result(search);
        assertThat(result.errors()).as(result.output()).isOne();
        assertThat(result.verdict()).as(result.output()).contains(search.violation());
    }

    private Spin.Result result(Search search) throws IOException, InterruptedException {
        assumeTrue(SPIN.isPresent(), "spin can't be had here; the reason is printed above");
        Path model = models().resolve(search.model() + ".pml");
        List<String> macros = Arrays.stream(search.macros().split(" "))
                .filter(macro -> !macro.isEmpty())
                .toList();
        boolean whole = search.violation().equals(HOLDS);
        Spin.Result result = SPIN.orElseThrow().search(model, folder, macros, search.property(), whole);
        System.out.printf("%s, %.0f states%n", search, result.states());
        return result;
    }

    private static Path models() {
        Path root = Path.of("").toAbsolutePath();
        while (!root.resolve("docs/assurance/models").toFile().isDirectory()) {
            root = Optional.ofNullable(root.getParent())
                    .orElseThrow(() -> new IllegalStateException("run from inside the source tree"));
        }
        return root.resolve("docs/assurance/models");
    }
}
