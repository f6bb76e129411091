package dev.cloister.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ArgumentsTest {
    private final ByteSize size = new ByteSize();
    private final TimeSpan span = new TimeSpan();

    @Test
    void sizesTakeBinarySuffixes() {
        assertThat(size.convert("256M")).isEqualTo(256L << 20);
        assertThat(size.convert("1g")).isEqualTo(1L << 30);
        assertThat(size.convert("4096")).isEqualTo(4096);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "M", "-1", "1.5G", "10T", "999999999999999G", "12 M"})
    void otherSizesAreRefused(String text) {
        assertThatThrownBy(() -> size.convert(text)).isInstanceOf(TypeConversionException.class);
    }

    @Test
    void sizesPrintAsPeopleReadThem() {
        assertThat(ByteSize.format(16L << 20)).isEqualTo("16M");
        assertThat(ByteSize.format(1536)).isEqualTo("1.5K");
        assertThat(ByteSize.format(512)).isEqualTo("512");
    }

    @Test
    void anUnknownEngineIsAUsageError() {
        java.io.StringWriter err = new java.io.StringWriter();
        var line = Main.commandLine().setErr(new java.io.PrintWriter(err));
        assertThat(line.execute("run", "--kernel", "x", "--engine", "turbo")).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("turbo").containsIgnoringCase("direct");
    }

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
