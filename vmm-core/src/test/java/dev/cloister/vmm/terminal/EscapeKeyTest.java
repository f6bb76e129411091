package dev.cloister.vmm.terminal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What is the guest's and what is a command. */
class EscapeKeyTest {
    private final List<EscapeKey.Command> typed = new ArrayList<>();
    private final EscapeKey key = new EscapeKey(typed::add, List.of(EscapeKey.Command.LEAVE, EscapeKey.Command.BREAK));

    private String pass(String text) {
        byte[] bytes = ("__" + text).getBytes(StandardCharsets.ISO_8859_1);
        return new String(bytes, 2, key.filter(bytes, 2, bytes.length - 2), StandardCharsets.ISO_8859_1);
    }

    @Test
    void commandsAreTakenOutAndTheRestPasses() {
        assertThat(pass("ab\u0001xc\u0001Bd")).isEqualTo("abcd");
        assertThat(typed).containsExactly(EscapeKey.Command.LEAVE, EscapeKey.Command.BREAK);
    }

    @Test
    void theEscapeKeyTwiceOrWithAnAIsTheKeyItself() {
        assertThat(pass("\u0001\u0001-\u0001a-\u0001A")).isEqualTo("\u0001-\u0001-\u0001");
        assertThat(typed).isEmpty();
    }

    @Test
    void anyOtherKeyShowsTheKeys() {
        assertThat(pass("\u0001zq\u0001\u00ff")).isEqualTo("q");
        assertThat(typed).containsExactly(EscapeKey.Command.HELP, EscapeKey.Command.HELP);
        assertThat(key.help("ends the guest"))
                .startsWith("Ctrl-A x  ends the guest")
                .hasSize(4);
    }

    @Test
    void aCommandThatIsNotThereIsNotCarriedOut() {
        EscapeKey small = new EscapeKey(typed::add, List.of(EscapeKey.Command.LEAVE));
        byte[] bytes = {1, 'b'};
        assertThat(small.filter(bytes, 0, 2)).isZero();
        assertThat(typed).containsExactly(EscapeKey.Command.HELP);
    }

    @Test
    void itDoesNotMatterHowTheInputIsCut() throws Exception {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] all = new byte[64];
            for (int i = 0; i < all.length; i++) {
                all[i] = (byte) (random.nextInt(3) == 0 ? 1 : 'a' + random.nextInt(26));
            }
            typed.clear();
            byte[] whole = all.clone();
            int kept = new EscapeKey(typed::add, List.of(EscapeKey.Command.LEAVE)).filter(whole, 0, whole.length);
            List<EscapeKey.Command> commands = List.copyOf(typed);
            typed.clear();
            TerminalInput input = new TerminalInput(new ByteArrayInputStream(all));
            input.watch(new EscapeKey(typed::add, List.of(EscapeKey.Command.LEAVE)));
            StringBuilder pieces = new StringBuilder();
            byte[] piece = new byte[1 + random.nextInt(5)];
            for (int n = input.read(piece); n >= 0; n = input.read(piece)) {
                assertThat(n).as("seed " + seed).isPositive();
                pieces.append(new String(piece, 0, n, StandardCharsets.ISO_8859_1));
            }
            assertThat(pieces.toString())
                    .as("seed " + seed)
                    .isEqualTo(new String(whole, 0, kept, StandardCharsets.ISO_8859_1));
            assertThat(typed).as("seed " + seed).isEqualTo(commands);
        }
    }
}
