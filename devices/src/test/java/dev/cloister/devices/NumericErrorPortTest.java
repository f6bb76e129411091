package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NumericErrorPortTest {
    private final List<Boolean> levels = new ArrayList<>();
    private final NumericErrorPort port = new NumericErrorPort(levels::add);

    @Test
    void anErrorRaisesTheLineOnceAndIsIgnoredAfterTheWrite() {
        port.setError(true);
        port.setError(true);
        assertThat(levels).containsExactly(true);
        assertThat(port.ignoresError()).isFalse();
        port.write(0, 1, 0);
        assertThat(levels).containsExactly(true, false);
        assertThat(port.ignoresError()).isTrue();
        port.setError(false);
        assertThat(port.ignoresError()).isFalse();
        port.setError(true);
        assertThat(levels).containsExactly(true, false, true);
    }

    @Test
    void aWriteWithoutAnErrorIgnoresNothing() {
        port.write(0, 1, 0);
        assertThat(port.ignoresError()).isFalse();
        port.setError(true);
        assertThat(port.ignoresError()).isFalse();
        assertThat(port.read(0, 1)).isEqualTo(0xFF);
    }
}
