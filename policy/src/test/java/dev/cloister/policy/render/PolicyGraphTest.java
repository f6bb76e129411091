package dev.cloister.policy.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.LongStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class PolicyGraphTest {
    private static final String HOSTILE = "</script></title><img src=x onerror=alert(1)>&amp;\\\"'\\u2028{{svg}}";

    private static Policy sample() throws Exception {
        return Samples.parse(Samples.VALID);
    }

    private static Document xml(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static String html(Policy policy) {
        return PolicyGraph.html(policy, PolicyCheck.check(policy).findings());
    }

    @Test
    void theSamePolicyGivesTheSameText() throws Exception {
        assertThat(PolicyGraph.dot(sample())).isEqualTo(PolicyGraph.dot(sample()));
        assertThat(PolicyGraph.svg(sample())).isEqualTo(PolicyGraph.svg(sample()));
        assertThat(html(sample())).isEqualTo(html(sample()));
    }

    @Test
    void dotNamesLabelsGuardsFlowsAndBudgets() throws Exception {
        assertThat(PolicyGraph.dot(sample()))
                .startsWith("digraph \"sample\" {")
                .contains(
                        "label=\"secret{ops}\"",
                        "\"guard\" [shape=hexagon",
                        "\"sensor\" -> \"guard\" [label=\"readings\\nmemory\"")
                .contains("\"logger\" -> \"sensor\" [label=\"<= 8 bit/s\", style=dashed");
    }

    @Test
    void theSvgIsWellFormedAndHasEveryEndpointOnce() throws Exception {
        Policy policy = sample();
        Document svg = xml(PolicyGraph.svg(policy));
        var groups = svg.getElementsByTagName("g");
        List<String> nodes = new ArrayList<>();
        for (int i = 0; i < groups.getLength(); i++) {
            var data = groups.item(i).getAttributes().getNamedItem("data-i");
            if (data != null) {
                nodes.add(data.getNodeValue());
            }
        }
        assertThat(nodes)
                .containsExactlyElementsOf(policy.endpoints().stream()
                        .map(endpoint -> Integer.toString(endpoint.index()))
                        .toList());
    }

    @Test
    void higherLabelsAreDrawnHigher() throws Exception {
        Policy policy = sample();
        Layout layout = new Layout(new GraphModel(policy));
        for (Domain a : policy.domains()) {
            for (Domain b : policy.domains()) {
                if (a.label().dominates(b.label()) && !a.label().equals(b.label())) {
                    assertThat(layout.box(a).bottom()).isLessThan(layout.box(b).y());
                }
            }
        }
    }

    static LongStream seeds() {
        return LongStream.range(0, 12);
    }

    /** Whatever the policy, no two boxes overlap and all are within the drawing. */
    @ParameterizedTest
    @MethodSource("seeds")
    void boxesDoNotOverlap(long seed) throws Exception {
        Policy policy = Samples.parse(random(new Random(seed), 5 + (int) seed * 9));
        Layout layout = new Layout(new GraphModel(policy));
        List<Endpoint> all = policy.endpoints();
        for (Endpoint one : all) {
            Box a = layout.box(one);
            assertThat(a.x() >= 0 && a.y() >= 0 && a.right() <= layout.width() && a.bottom() <= layout.height())
                    .as("seed %d: %s is within", seed, one.name())
                    .isTrue();
            for (Endpoint two : all.subList(one.index() + 1, all.size())) {
                Box b = layout.box(two);
                boolean apart = a.right() <= b.x() || b.right() <= a.x() || a.bottom() <= b.y() || b.bottom() <= a.y();
                assertThat(apart)
                        .as("seed %d: %s and %s", seed, one.name(), two.name())
                        .isTrue();
            }
        }
    }

    /** Pairs that are connected but declared in opposite orders are drawn without crossings. */
    @Test
    void orderIsChosenForFewCrossings() throws Exception {
        StringBuilder domains = new StringBuilder();
        StringBuilder flows = new StringBuilder();
        int n = 5;
        for (int i = 0; i < n; i++) {
            domains.append(domain("low" + i, i, "l0"));
            flows.append(flow(i, "low" + i, "high" + (n - 1 - i)));
        }
        for (int i = 0; i < n; i++) {
            domains.append(domain("high" + i, n + i, "l1"));
        }
        Policy policy = Samples.parse(policy(domains, flows, 2));
        Layout layout = new Layout(new GraphModel(policy));
        for (int i = 0; i < n; i++) {
            assertThat(layout.box(policy.endpoints().get(i)).cx())
                    .isEqualTo(layout.box(policy.endpoints().get(2 * n - 1 - i)).cx());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"description", "obligation"})
    void hostileTextStaysText(String field) throws Exception {
        String text = Samples.VALID
                .replace("\"obligation\": \"drops malformed records\"", "\"obligation\": \"" + HOSTILE + "\"")
                .replace("\"name\": \"sample\",", "\"name\": \"sample\", \"description\": \"" + HOSTILE + "\",");
        assertThat(text).contains("\"" + field + "\": \"" + HOSTILE);
        String page = html(Samples.parse(text));
        assertThat(page).doesNotContain("<img", "onerror=alert(1)>&amp;\"").contains("&lt;img");
        assertThat(page.split("</script>", -1)).as("two scripts and no more").hasSize(3);
        assertThat(page.split("<svg", -1)).as("one picture").hasSize(2);
        xml(PolicyGraph.svg(Samples.parse(text)));
    }

    @Test
    void thePageNamesNothingOutsideItself() throws Exception {
        String page = html(sample()).replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assertThat(page)
                .doesNotContain("http:", "https:", "//cdn", "@import", "url(//")
                .contains("default-src 'none'");
    }

    @Test
    void verdictsArePutInOnlyForSmallPolicies() throws Exception {
        assertThat(html(sample())).contains("\"why\":[");
        String large = random(new Random(1), PageData.EXPLAINED + 1);
        assertThat(html(Samples.parse(large))).doesNotContain("\"why\":[");
    }

    @Test
    void tooManyEndpointsAreNotDrawn() throws Exception {
        Policy policy = Samples.parse(random(new Random(1), PolicyGraph.MAX_DRAWN + 1));
        assertThatThrownBy(() -> PolicyGraph.svg(policy)).hasMessageContaining("1000");
        assertThat(PolicyGraph.dot(policy)).contains("digraph");
    }

    private static String random(Random random, int n) {
        StringBuilder domains = new StringBuilder();
        StringBuilder flows = new StringBuilder();
        List<Integer> levels = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            levels.add(random.nextInt(3));
        }
        Collections.sort(levels);
        for (int i = 0; i < n; i++) {
            domains.append(domain("d" + i, i, "l" + levels.get(i)));
            if (i > 0) {
                flows.append(flow(i, "d" + random.nextInt(i), "d" + i));
            }
        }
        return policy(domains, flows, 3);
    }

    private static String domain(String name, int number, String level) {
        return String.format(
                Locale.ROOT,
                "{id: '6f1c0e9a-2b7d-4c55-9a63-%012d', name: '%s', label: {level: '%s'}, memory: '1M',"
                        + " image: {kernel: {path: 'k', sha256: '%s'}}},%n",
                number + 1,
                name,
                level,
                Samples.DIGEST);
    }

    private static String flow(int number, String from, String to) {
        return "{name: 'f" + number + "', from: '" + from + "', to: '" + to
                + "', kind: 'memory', recordBytes: 64, records: 4},\n";
    }

    private static String policy(CharSequence domains, CharSequence flows, int levels) {
        String names = String.join(", ", List.of("'l0'", "'l1'", "'l2'").subList(0, levels));
        return "{version: 1, name: 'p', lattice: {levels: [" + names + "]}, domains: [" + domains + "], flows: ["
                + flows + "]}";
    }
}
