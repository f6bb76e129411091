package dev.cloister.it.browser;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A headless Chromium that keeps what pages write to the console and what they ask of the network. */
final class Chromium implements AutoCloseable {
    /** The address in a message about a request; the message has other addresses as well. */
    private static final Pattern REQUEST = Pattern.compile("\"request\":\\{.*?\"url\":\"([^\"]*)\"");

    private final ChromeDriver driver;

    private Chromium(ChromeDriver driver) {
        this.driver = driver;
    }

    /** Starts it; where it can't be had the test is skipped, with the reason printed. */
    static Chromium start() {
        Optional<DebianPackages.Browser> browser = DebianPackages.ofBuild().chromium();
        assumeTrue(browser.isPresent(), "Debian's chromium can't be had here; the reason is printed above");
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        logs.enable(LogType.PERFORMANCE, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(browser.get().binary().toFile());
        // Tests run as root in containers, where its own sandbox doesn't start; the pages are ours.
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--window-size=1500,1300");
        options.setCapability("goog:loggingPrefs", logs);
        ChromeDriverService service = new ChromeDriverService.Builder()
                .usingDriverExecutable(browser.get().driver().toFile())
                .usingAnyFreePort()
                .withEnvironment(Map.copyOf(browser.get().environment()))
                .build();
        return new Chromium(new ChromeDriver(service, options));
    }

    ChromeDriver driver() {
        return driver;
    }

    /** Opens a file. */
    void open(Path page) {
        driver.get(page.toUri().toString());
    }

    /** Returns what the page wrote to the console since the last call, errors of the page itself included. */
    List<String> console() {
        return entries(LogType.BROWSER).map(LogEntry::toString).toList();
    }

    /** Returns what was asked for since the last call, except files and data in the page. */
    List<String> requests() {
        return entries(LogType.PERFORMANCE)
                .map(LogEntry::getMessage)
                .filter(message -> message.contains("\"Network.requestWillBeSent\""))
                .map(REQUEST::matcher)
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1))
                .filter(url -> !url.startsWith("file:") && !url.startsWith("data:"))
                .toList();
    }

    private java.util.stream.Stream<LogEntry> entries(String type) {
        return StreamSupport.stream(driver.manage().logs().get(type).spliterator(), false);
    }

    @Override
    public void close() {
        driver.quit();
    }
}
