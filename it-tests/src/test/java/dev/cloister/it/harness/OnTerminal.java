package dev.cloister.it.harness;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.DebianPackages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** Commands on a terminal, which {@code script} of util-linux makes, in a shell that tells what became of its settings. */
public final class OnTerminal {
    /** What the shell says when the terminal's settings are what they were before the command; {@code code N} comes before. */
    public static final String RESTORED = "settings as before";

    private OnTerminal() {}

    /** Skips the tests where the programs for it are not there, and prints that. */
    public static void assumePossible() {
        boolean there = DebianPackages.onPath("script").isPresent()
                && DebianPackages.onPath("stty").isPresent();
        if (!there) {
            System.out.println("no pseudo-terminal: script (bsdutils) or stty (coreutils) is not on PATH");
        }
        assumeTrue(there, "script and stty are needed; the reason is printed above");
    }

    /**
     * Starts a command.
     *
     * @param cloister in whose folder the shell's script is written
     * @param name the script's, without its ending
     * @param command the words of the command, without apostrophes
     * @return the process of {@code script}
     * @throws IOException if it can't be started
     */
    public static Running start(Cloister cloister, String name, List<String> command) throws IOException {
        String words = command.stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
        Path shell = Files.writeString(cloister.folder().resolve(name + ".sh"), """
            before=$(stty -g)
            %s
            echo "code $?"
            until [ "$(stty -g)" = "$before" ]; do :; done
            echo '%s'
            """.formatted(words, RESTORED));
        // Under nohup, or in the background of a script, signals are ignored, which a process hands on; a JVM goes on
        // ignoring them.
        return cloister.start(
                List.of("env", "--default-signal=HUP,INT,QUIT", "script", "-qec", "sh " + shell, "/dev/null"));
    }
}
