package dev.cloister.it.assurance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Json;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Every package belongs to exactly one component of the design model, and the page shows each as a black box. */
class DesignModelTest {
    @Test
    void everyPackageBelongsToOneComponent() throws IOException {
        Set<String> claimed = new TreeSet<>();
        for (Json component : Page.data("components.json").items()) {
            for (String name : component.get("packages").texts()) {
                assertThat(claimed.add(name)).as(name + " is in one component").isTrue();
            }
        }
        assertThat(claimed).isEqualTo(Sources.packages());
    }

    @Test
    void stimuliComeFromAComponentOrFromOutside() throws IOException {
        Set<String> known =
                new TreeSet<>(List.of("operator", "host", "guest", "peer", "both sides", "all", "developer"));
        Json components = Page.data("components.json");
        components.items().forEach(component -> known.add(component.text("name")));
        for (Json component : components.items()) {
            assertThat(component.get("stimuli").items())
                    .as(component.text("name"))
                    .isNotEmpty();
            for (Json stimulus : component.get("stimuli").items()) {
                assertThat(known).contains(stimulus.text("from").split(", "));
            }
        }
    }

    @Test
    void thePageIsUpToDate() throws IOException {
        Page page = new Page("design-model.md")
                .line("# Design model")
                .line()
                .line("Each component as a black box: what reaches it, what it does, what it remembers. Generated from")
                .line("[components.json](data/components.json) by a test that also holds every package to exactly"
                        + " one component.");
        for (Json component : Page.data("components.json").items()) {
            page.line()
                    .line("## ", component.text("name"))
                    .line()
                    .line(component.text("purpose"))
                    .line()
                    .line(
                            "Packages: ",
                            component.get("packages").texts().stream()
                                    .map(Page::code)
                                    .collect(Collectors.joining(", ")),
                            ".  ")
                    .line("Process: ", component.text("process"), ".  ")
                    .line("State: ", component.text("state"), ".")
                    .line()
                    .table("from", "stimulus", "response");
            for (Json stimulus : component.get("stimuli").items()) {
                page.row(stimulus.text("from"), stimulus.text("what"), stimulus.text("response"));
            }
        }
        page.check();
    }
}
