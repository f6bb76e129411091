package dev.cloister.it.assurance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Json;
import dev.cloister.policy.decision.Gate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** From each requirement to the gate or mechanism that meets it, to code, to a test that would fail without it: complete. */
class TraceabilityTest {
    @Test
    void everyRequirementHasCodeAndTestsThatExist() throws IOException {
        Set<String> ids = new HashSet<>();
        List<String> broken = new ArrayList<>();
        for (Json requirement : Page.data("requirements.json").items()) {
            String id = requirement.text("id");
            assertThat(ids.add(id)).as(id + " is used once").isTrue();
            assertThat(requirement.get("code").texts()).as(id + " has code").isNotEmpty();
            assertThat(requirement.get("tests").texts()).as(id + " has tests").isNotEmpty();
            for (String name : requirement.get("code").texts()) {
                if (Sources.of(name).isEmpty()) {
                    broken.add(id + ": no class " + name);
                }
            }
            for (String name : requirement.get("tests").texts()) {
                if (!testExists(name)) {
                    broken.add(id + ": no test " + name);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    private static boolean testExists(String name) throws IOException {
        String[] parts = name.split("#", 2);
        Path source = Sources.of(parts[0]).orElse(null);
        if (source == null) {
            return false;
        }
        String text = Files.readString(source);
        return parts.length == 1 ? text.contains("@") : text.contains(" " + parts[1] + "(");
    }

    @Test
    void everyGateMeetsARequirement() throws IOException {
        EnumSet<Gate> met = EnumSet.noneOf(Gate.class);
        for (Json requirement : Page.data("requirements.json").items()) {
            if (requirement.has("gates")) {
                requirement.get("gates").texts().forEach(gate -> met.add(Gate.valueOf(gate)));
            }
        }
        assertThat(met).isEqualTo(EnumSet.allOf(Gate.class));
    }

    /** A package of the trusted part that no requirement needs would be code without a reason. */
    @Test
    void everyEnforcingPackageIsNamed() throws IOException {
        Set<String> named = new TreeSet<>();
        for (Json requirement : Page.data("requirements.json").items()) {
            for (String name : requirement.get("code").texts()) {
                named.add(name.substring(0, name.lastIndexOf('.')));
            }
        }
        for (Json component : Page.data("components.json").items()) {
            if (component.has("enforces")) {
                assertThat(named).containsAll(component.get("packages").texts());
            }
        }
    }

    @Test
    void thePageIsUpToDate() throws IOException {
        Page page = new Page("traceability.md")
                .line("# Traceability")
                .line()
                .line("Requirement, the gate or mechanism that meets it, where it is in the code, and the tests that"
                        + " would fail")
                .line("without it. Generated from [requirements.json](data/requirements.json); the build fails where"
                        + " a class or a")
                .line("test does not exist, a gate meets no requirement, or an enforcing package is named by none.");
        for (Json requirement : Page.data("requirements.json").items()) {
            page.line()
                    .line("## ", requirement.text("id"), " ", requirement.text("text"))
                    .line();
            String gates = requirement.has("gates")
                    ? "Gate " + String.join(", ", requirement.get("gates").texts()) + "; "
                    : "";
            page.line("Met by: ", gates, requirement.text("mechanism"), ".  ")
                    .line("Code: ", names(requirement.get("code").texts()), ".  ")
                    .line("Tests: ", names(requirement.get("tests").texts()), ".");
        }
        page.check();
    }

    private static String names(List<String> names) {
        return names.stream()
                .map(name -> Page.code(name.replaceFirst("^dev\\.cloister\\.", "")))
                .collect(Collectors.joining(", "));
    }
}
