package dev.cloister.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Raw mode on a pseudo-terminal, and what was found there before back again. */
class TerminalModeTest {
    private static final byte[] TYPED = {'a', 3, '\r', 0x11, 'b', (byte) 0xff, 4};

    @TempDir
    Path folder;

    private static PseudoTerminal terminal() {
        try {
            return PseudoTerminal.open();
        } catch (ErrnoException e) {
            System.out.println("no pseudo-terminals here: " + e.getMessage());
            assumeTrue(false, e.getMessage());
            throw new AssertionError(e);
        }
    }

    private static byte[] read(Fd fd, int count) throws ErrnoException {
        byte[] all = new byte[count];
        int at = 0;
        while (at < count) {
            assertThat(Poller.await(fd, Poller.IN, 20_000))
                    .as("after " + at + " bytes")
                    .isPositive();
            at += Pipe.read(fd, all, at, count - at);
        }
        return all;
    }

    @Test
    void rawPassesEveryByteAndWhatWasFoundComesBack() throws Exception {
        try (PseudoTerminal both = terminal()) {
            TerminalMode mode = TerminalMode.of(both.program().number()).orElseThrow();
            String before = mode.foundText();
            assertThat(mode.isForeground())
                    .as("not this process's controlling terminal")
                    .isTrue();
            mode.setRaw();
            Pipe.write(both.person(), TYPED, 0, TYPED.length);
            assertThat(read(both.program(), TYPED.length)).isEqualTo(TYPED);
            byte[] said = "x\ny".getBytes(StandardCharsets.US_ASCII);
            Pipe.write(both.program(), said, 0, said.length);
            assertThat(read(both.person(), 4))
                    .as("no echo of what was typed; lines begin at the left")
                    .asString(StandardCharsets.US_ASCII)
                    .isEqualTo("x\r\ny");
            TerminalMode raw = TerminalMode.of(both.program().number()).orElseThrow();
            assertThat(raw.foundText()).isEqualTo(mode.rawText()).isNotEqualTo(before);
            mode.restore();
            assertThat(TerminalMode.of(both.program().number()).orElseThrow().foundText())
                    .isEqualTo(before);
        }
    }

    @Test
    void theTextIsWhatSttyPrintsAndTakes() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/stty")) || Files.isExecutable(Path.of("/bin/stty")), "no stty");
        try (PseudoTerminal both = terminal()) {
            TerminalMode mode = TerminalMode.of(both.program().number()).orElseThrow();
            Path out = folder.resolve("stty");
            stty(both, out, "-g");
            assertThat(out).hasContent(mode.foundText());
            stty(both, out, mode.rawText());
            assertThat(TerminalMode.of(both.program().number()).orElseThrow().foundText())
                    .isEqualTo(mode.rawText());
        }
    }

    private static void stty(PseudoTerminal both, Path out, String argument) throws IOException, InterruptedException {
        Path device = Path.of("/proc/self/fd/" + both.program().number()).toRealPath();
        Process stty = new ProcessBuilder("stty", "-F", device.toString(), argument)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertThat(stty.waitFor()).as(Files.readString(out)).isZero();
    }

    @Test
    void aPipeIsNoTerminal() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            assertThat(TerminalMode.of(pipe.readEnd().number())).isEmpty();
        }
    }
}
