package dev.cloister.cli.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class ByteSizeTest {
    private final ByteSize size = new ByteSize();

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
}
