package dev.cloister.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class TimeSpanTest {
    private final TimeSpan span = new TimeSpan();

    @Test
    void timesTakeUnits() {
        assertThat(span.convert("500ms")).isEqualTo(Duration.ofMillis(500));
        assertThat(span.convert("30")).isEqualTo(Duration.ofSeconds(30));
        assertThat(span.convert("2h")).isEqualTo(Duration.ofHours(2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s", "-3s", "1d", "1.5s"})
    void otherTimesAreRefused(String text) {
        assertThatThrownBy(() -> span.convert(text)).isInstanceOf(TypeConversionException.class);
    }
}
