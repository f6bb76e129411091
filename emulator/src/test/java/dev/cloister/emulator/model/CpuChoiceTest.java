package dev.cloister.emulator.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.emulator.cpu.CpuFeature;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How people name processors. */
class CpuChoiceTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v2|v2",
                "x86-64-v3|v3",
                "max,-avx2,-SSE4.1|max,-avx2,-sse4_1",
                "v2, +aes , -x2apic|v2,+aes,-x2apic",
                "''|host",
                "-avx|host,-avx",
                "host,+sse3,-lzcnt|host,+pni,-abm",
            })
    void readsWhatPeopleWrite(String text, String expected) {
        CpuChoice choice = CpuChoice.parse(text);
        assertThat(choice.text()).isEqualTo(expected);
        assertThat(CpuChoice.parse(choice.text())).isEqualTo(choice);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "v4|no processor model v4; expected one of host, v1, v2, v3, max",
                "v2,-avx3|no processor feature avx3; known are abm adx aes",
                "v2,+vmx|vmx can't be added; expected one of",
                "v2,avx|\"avx\"; expected - or + in front of its name, as in v2,-avx",
                "v2,|expected - or + in front",
                "v2,v3|expected - or + in front",
                "v2,-|no processor feature ;",
            })
    void saysWhatIsKnownWhereANameIsNot(String text, String message) {
        assertThatThrownBy(() -> CpuChoice.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void everyFeatureHasOneNameThatIsReadBack() {
        for (CpuFeature feature : CpuFeature.values()) {
            assertThat(FeatureNames.feature(FeatureNames.of(feature))).isEqualTo(feature);
            assertThat(FeatureNames.feature(feature.name())).isEqualTo(feature);
        }
    }

    @Test
    void anyChoiceIsReadBackAndRequiresNoMoreThanItShows() {
        List<CpuFeature> all = new ArrayList<>(CpuModel.implemented());
        for (long seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder(
                    CpuChoice.models().get(random.nextInt(CpuChoice.models().size())));
            for (int n = random.nextInt(6); n > 0; n--) {
                text.append(random.nextBoolean() ? ",+" : ",-")
                        .append(FeatureNames.of(all.get(random.nextInt(all.size()))));
            }
            CpuChoice choice = CpuChoice.parse(text.toString());
            assertThat(CpuChoice.parse(choice.text())).as("seed %d", seed).isEqualTo(choice);
            Set<CpuFeature> shown = choice.emulated().features();
            assertThat(shown).as("seed %d", seed).containsAll(choice.required());
            assertThat(choice.hidden()).as("seed %d", seed).noneMatch(shown::contains);
        }
    }

    @Test
    void aModelPromisesWhatItHas() {
        for (String name : CpuModel.names()) {
            assertThat(CpuModel.of(name).features()).containsAll(CpuModel.promised(name));
        }
        assertThat(CpuModel.promised("v3")).contains(CpuFeature.AVX2, CpuFeature.CX16, CpuFeature.SSE2);
        assertThat(CpuChoice.parse("v3,-avx").required())
                .contains(CpuFeature.BMI2)
                .doesNotContain(CpuFeature.AVX2, CpuFeature.FMA);
    }
}
