package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Running;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** SIGTERM to {@code run} presses the power button of guests that listen to it, and of no others. */
class PowerButtonTest {
    private static final String PRESSED = "power button pressed";
    private static final String BY_ITSELF = "switches off";

    /** Enables the event or not, says that it is ready, and switches off, or doesn't, when the event's status is set. */
    private static String guest(boolean listens, boolean obeys) {
        return """
                    mov     dx, 0x602
                    mov     ax, %s
                    out     dx, ax
                    mov     al, '+'
                    out     0xe9, al
            wait:   mov     dx, 0x600
                    in      ax, dx
                    test    ax, 0x100
                    jz      wait
                    mov     ax, %s
                    test    ax, ax
                    jz      wait
                    xor     ax, ax
                    mov     ds, ax
                    mov     si, text
            next:   lodsb
                    test    al, al
                    jz      off
                    out     0xe9, al
                    jmp     next
            off:    mov     dx, 0x604
                    mov     ax, 0x2000
                    out     dx, ax
                    hlt
            text:   db      "%s", 0
            """.formatted(listens ? "0x100" : "0", obeys ? "1" : "0", BY_ITSELF);
    }

    private static Finished terminated(boolean listens, boolean obeys, String grace) throws Exception {
        Cloister cloister = Cloister.fresh();
        Path image = Guests.real(cloister.folder(), "button", guest(listens, obeys));
        try (Running run =
                cloister.start("run", "--kernel", image.toString(), "--engine", "emulated", "--grace", grace)) {
            run.awaitOut("+");
            run.handle().destroy();
            return run.await();
        }
    }

    @Test
    void aGuestThatListensSwitchesOffByItself() throws Exception {
        Finished end = terminated(true, true, "1h");
        assertThat(end.err()).contains(PRESSED);
        assertThat(end.out()).contains(BY_ITSELF);
    }

    @Test
    void aGuestThatDoesNotListenIsStoppedAtOnce() throws Exception {
        Finished end = terminated(false, true, "1h");
        assertThat(end.err()).doesNotContain(PRESSED);
        assertThat(end.out()).doesNotContain(BY_ITSELF);
    }

    @Test
    void aGuestThatTakesTooLongIsStopped() throws Exception {
        Finished end = terminated(true, false, "100ms");
        assertThat(end.err()).contains(PRESSED);
    }

    @Test
    void withoutGraceTheButtonIsNotPressed() throws Exception {
        Finished end = terminated(true, true, "0s");
        assertThat(end.err()).doesNotContain(PRESSED);
    }
}
