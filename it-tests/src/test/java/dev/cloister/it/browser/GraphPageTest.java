package dev.cloister.it.browser;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.render.PolicyGraph;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.Rectangle;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.interactions.Actions;

/** The page of {@code cloister policy graph --format html}: what is seen, what it explains, and that it stays by itself. */
class GraphPageTest {
    private static Chromium chromium;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        chromium = Chromium.start();
    }

    @AfterAll
    static void stop() {
        if (chromium != null) {
            chromium.close();
        }
    }

    /** Whatever a test did, the page complained about nothing and asked nobody for anything. */
    @AfterEach
    void thePageIsQuietAndAlone() {
        assertThat(chromium.console()).isEmpty();
        assertThat(chromium.requests()).isEmpty();
    }

    private static Path example(String name) {
        return Cloister.root().resolve(Path.of("examples", name, "policy.json"));
    }

    private Policy open(String name) throws Exception {
        Policy policy = PolicyLoader.parse(example(name));
        open(policy);
        return policy;
    }

    private void open(Policy policy) throws Exception {
        Path page = folder.resolve("graph.html");
        Files.writeString(
                page, PolicyGraph.html(policy, PolicyCheck.check(policy).findings()));
        chromium.open(page);
    }

    private static WebElement find(String css) {
        return chromium.driver().findElement(By.cssSelector(css));
    }

    private static WebElement node(Endpoint endpoint) {
        return find(".node[data-i='" + endpoint.index() + "']");
    }

    private static Endpoint endpoint(Policy policy, String name) {
        return policy.endpoint(name).orElseThrow();
    }

    private static String explanation() {
        return find("#explain").getText();
    }

    private static void hover(WebElement element) {
        new Actions(chromium.driver()).moveToElement(element).perform();
    }

    @Test
    void everyDomainIsSeenInTheLayerOfItsLabel() throws Exception {
        Policy policy = open("quickstart");
        List<WebElement> groups = chromium.driver().findElements(By.cssSelector(".label-group"));
        List<WebElement> captions = chromium.driver().findElements(By.cssSelector(".caption:not(.host-caption)"));
        assertThat(captions).hasSameSizeAs(groups);
        for (Domain domain : policy.domains()) {
            WebElement box = node(domain);
            assertThat(box.isDisplayed()).as(domain.name()).isTrue();
            assertThat(box.findElement(By.cssSelector(".name")).getText()).isEqualTo(domain.name());
            String label = policy.lattice().format(domain.label());
            for (int i = 0; i < groups.size(); i++) {
                boolean own = captions.get(i).getText().equals(label);
                assertThat(inside(box.getRect(), groups.get(i).getRect()))
                        .as(
                                "%s (%s) in %s",
                                domain.name(), label, captions.get(i).getText())
                        .isEqualTo(own);
            }
        }
    }

    private static boolean inside(Rectangle inner, Rectangle outer) {
        int x = inner.x + inner.width / 2;
        int y = inner.y + inner.height / 2;
        return x > outer.x && x < outer.x + outer.width && y > outer.y && y < outer.y + outer.height;
    }

    @Test
    void guardsBearABadgeAndNobodyElseDoes() throws Exception {
        Policy policy = open("quickstart");
        for (Guard guard : policy.guards()) {
            WebElement badge = node(guard.domain()).findElement(By.cssSelector(".badge"));
            assertThat(badge.isDisplayed()).isTrue();
            assertThat(badge.getText()).isEqualTo("GUARD");
        }
        assertThat(chromium.driver().findElements(By.cssSelector(".badge"))).hasSameSizeAs(policy.guards());
    }

    @Test
    void pointingAtADomainTellsWhatItReaches() throws Exception {
        Policy policy = open("quickstart");
        hover(node(endpoint(policy, "sensor")));
        assertThat(explanation()).contains("sensor", "Reaches", "readings");
        assertThat(node(endpoint(policy, "guard")).getDomAttribute("class")).contains("down");
        assertThat(node(endpoint(policy, "command")).getDomAttribute("class")).contains("down");
        assertThat(node(endpoint(policy, "logger")).getDomAttribute("class")).doesNotContain("down");
        hover(node(endpoint(policy, "command")));
        assertThat(node(endpoint(policy, "sensor")).getDomAttribute("class")).contains("up");
    }

    @Test
    void pointingAtARefusedPairTellsTheGateAndThePlace() throws Exception {
        Policy policy = open("quickstart");
        node(endpoint(policy, "command")).click();
        hover(node(endpoint(policy, "sensor")));
        assertRefusal();
        assertThat(explanation()).contains("No way leads there");
        WebElement cell =
                find("#matrix td[data-f='" + endpoint(policy, "command").index() + "'][data-t='"
                        + endpoint(policy, "sensor").index() + "']");
        find("body").sendKeys(Keys.ESCAPE);
        new Actions(chromium.driver()).scrollToElement(cell).moveToElement(cell).perform();
        assertRefusal();
    }

    private static void assertRefusal() {
        assertThat(explanation())
                .contains("command → sensor", "refused by gate declared", "labels", "does not dominate")
                .containsPattern("policy\\.json:[0-9]+:[0-9]+");
        assertThat(chromium.driver().findElements(By.cssSelector("#explain .gates .refuse")))
                .hasSizeGreaterThanOrEqualTo(2)
                .allMatch(WebElement::isDisplayed);
    }

    private static void choose(String list, Endpoint endpoint) {
        find("#" + list + " option[value='" + endpoint.index() + "']").click();
    }

    @Test
    void choosingAGrantedPairTellsEveryGate() throws Exception {
        Policy policy = open("quickstart");
        choose("from", endpoint(policy, "sensor"));
        choose("to", endpoint(policy, "guard"));
        assertThat(explanation()).contains("sensor → guard", "granted", "Flow readings");
        assertThat(chromium.driver().findElements(By.cssSelector("#explain .gates li")))
                .hasSize(7);
        choose("to", endpoint(policy, "command"));
        assertThat(explanation()).contains("but information gets there", "readings", "cleared");
    }

    @Test
    void theKeyboardIsEnough() throws Exception {
        Policy policy = open("quickstart");
        find("#search").sendKeys("ops", Keys.ENTER);
        assertThat(node(endpoint(policy, "command")).getDomAttribute("class")).contains("found");
        WebElement first = chromium.driver().switchTo().activeElement();
        assertThat(first.getDomAttribute("class")).contains("node", "found");
        first.sendKeys(Keys.ENTER);
        chromium.driver().switchTo().activeElement().sendKeys(Keys.TAB);
        assertThat(explanation()).contains("→");
        new Actions(chromium.driver()).sendKeys(Keys.ESCAPE).perform();
        find("#search").sendKeys(Keys.chord(Keys.CONTROL, "a"), Keys.DELETE);
        assertThat(chromium.driver().findElements(By.cssSelector(".found"))).isEmpty();
    }

    @Test
    void lightAndDarkDiffer() throws Exception {
        open("quickstart");
        String before = find("body").getCssValue("background-color");
        find("#theme").click();
        assertThat(find("body").getCssValue("background-color")).isNotEqualTo(before);
    }

    @Test
    void hidingAKindHidesItsFlows() throws Exception {
        open("quickstart");
        WebElement line = find(".edge.k-memory .line");
        assertThat(line.isDisplayed()).isTrue();
        find("#legend button").click();
        assertThat(line.isDisplayed()).isFalse();
    }

    /** Or else the silence that the other tests find would prove nothing. */
    @Test
    void complaintsAndRequestsAreNoticed() throws Exception {
        Path page = folder.resolve("noisy.html");
        Files.writeString(
                page,
                "<link rel=icon href=data:,><script>console.error('a complaint')</script><img"
                        + " src=http://127.0.0.1:59999/x>");
        chromium.open(page);
        assertThat(chromium.requests()).anyMatch(message -> message.contains("127.0.0.1:59999"));
        assertThat(chromium.console()).anyMatch(line -> line.contains("a complaint"));
    }

    /** What an author writes is text, wherever it stands. */
    @Test
    void aHostileDescriptionStaysText() throws Exception {
        String hostile = "</script><img src=x onerror=document.title='owned'><script>document.title='owned'</script>";
        String text = Files.readString(example("quickstart"))
                .replaceAll("\"description\": \"[^\"]*\"", "\"description\": \"" + hostile + "\"")
                .replaceAll("\"obligation\": \"[^\"]*\"", "\"obligation\": \"" + hostile + "\"");
        Policy policy = PolicyLoader.parse("</title><img>.json", text.getBytes(StandardCharsets.UTF_8), folder);
        open(policy);
        hover(node(endpoint(policy, "guard")));
        assertThat(explanation()).contains(hostile);
        assertThat(find("header").getText()).contains(hostile);
        assertThat(chromium.driver().findElements(By.cssSelector("img"))).isEmpty();
        assertThat(chromium.driver().getTitle()).doesNotContain("owned");
    }

    @Test
    void theLargestExampleIsDrawnWhole() throws Exception {
        Policy policy = open("cross-domain-gateway");
        policy.endpoints()
                .forEach(endpoint -> assertThat(node(endpoint).isDisplayed())
                        .as(endpoint.name())
                        .isTrue());
        assertThat(chromium.driver().findElements(By.cssSelector("#matrix tbody tr")))
                .hasSameSizeAs(policy.endpoints());
        byte[] picture = chromium.driver().getScreenshotAs(OutputType.BYTES);
        Files.write(Path.of("target", "graph-page.png"), picture);
    }
}
