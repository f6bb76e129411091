package dev.cloister.cli.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void columnsAlignLeftOrRight() {
        Table table = new Table("NAME", ">EXITS").row("sensor", 7).row("a", 1234567);
        assertThat(table.lines()).containsExactly("NAME      EXITS", "sensor        7", "a       1234567");
    }

    @Test
    void theWidestColumnIsCutUntilTheLineFitsEightyColumns() {
        Table table = new Table("A", "B").row("x".repeat(100), "short");
        assertThat(table.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
        assertThat(table.lines().get(1)).endsWith("…  short");
    }
}
