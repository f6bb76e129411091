package dev.cloister.policy.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class DirectoryLayoutTest {
    private final MemorySegment page = Arena.ofAuto().allocate(4096, 4096);

    private static ChannelConfig channel(int index, FlowKind kind, Direction direction) {
        return new ChannelConfig(
                index,
                "flow" + index,
                kind,
                direction,
                "peer",
                new ChannelConfig.Window(0xd020_0000L, 0x1_0000, 64, 32),
                ChannelConfig.Limits.NONE,
                ChannelConfig.Sockets.NONE);
    }

    @Test
    void pageIsTheDocumentedOne() {
        UUID id = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");
        DirectoryLayout.write(
                page,
                id,
                "sensor",
                List.of(
                        channel(0, FlowKind.MEMORY, Direction.OUT),
                        channel(1, FlowKind.MEMORY, Direction.IN),
                        channel(2, FlowKind.STREAM, Direction.IN),
                        channel(3, FlowKind.CONSOLE, Direction.OUT)));
        assertThat(text(0, 8)).isEqualTo("CLOISTER");
        assertThat(page.get(ValueLayout.JAVA_INT, 0x08)).isEqualTo(1);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x0c)).isEqualTo(4096);
        assertThat(page.get(ValueLayout.JAVA_BYTE, 0x11)).isEqualTo((byte) 0x11);
        assertThat(page.get(ValueLayout.JAVA_BYTE, 0x1f)).isEqualTo((byte) 0xff);
        assertThat(text(0x20, 7)).isEqualTo("sensor\0");
        assertThat(page.get(ValueLayout.JAVA_INT, 0x40)).isEqualTo(4);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x44)).isEqualTo(128);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x48)).isEqualTo(0x80);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x4c)).isEqualTo(0xc100);
        assertThat(page.get(ValueLayout.JAVA_LONG, 0x50)).isEqualTo(0xd000_1000L);
        assertThat(text(0x80, 6)).isEqualTo("flow0\0");
        assertThat(page.get(ValueLayout.JAVA_INT, 0x80 + 0x28)).isEqualTo(1);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x80 + 0x2c)).isEqualTo(2);
        assertThat(page.get(ValueLayout.JAVA_LONG, 0x80 + 0x30)).isEqualTo(0xd020_0000L);
        assertThat(page.get(ValueLayout.JAVA_LONG, 0x80 + 0x38)).isEqualTo(0x1_0000);
        assertThat(bells(0)).containsExactly(0xc200, 0);
        assertThat(bells(1)).containsExactly(0, 0x61);
        assertThat(bells(2)).containsExactly(0xc202, 0x62);
        assertThat(bells(3)).containsExactly(0, 0);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x80 + 0x48)).isEqualTo(64);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x80 + 0x4c)).isEqualTo(32);
        assertThat(text(0x80 + 0x58, 5)).isEqualTo("peer\0");
    }

    @Test
    void stateChangesBumpTheGeneration() {
        long before = page.get(ValueLayout.JAVA_LONG, 0x58);
        DirectoryLayout.setLive(page, 30, 7);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x80 + 30 * 128 + 0x50)).isEqualTo(1);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x80 + 30 * 128 + 0x54)).isEqualTo(7);
        assertThat(page.get(ValueLayout.JAVA_LONG, 0x58)).isEqualTo(before + 1);
        DirectoryLayout.setSevered(page, 30);
        assertThat(page.get(ValueLayout.JAVA_INT, 0x80 + 30 * 128 + 0x50)).isZero();
        assertThat(page.get(ValueLayout.JAVA_INT, 0x80 + 30 * 128 + 0x54)).isEqualTo(7);
        assertThat(page.get(ValueLayout.JAVA_LONG, 0x58)).isEqualTo(before + 2);
        assertThatThrownBy(() -> DirectoryLayout.setLive(page, 31, 1)).hasMessageContaining("expected 0 to 30");
    }

    private int[] bells(int index) {
        long at = DirectoryLayout.entryOffset(index);
        return new int[] {page.get(ValueLayout.JAVA_INT, at + 0x40), page.get(ValueLayout.JAVA_INT, at + 0x44)};
    }

    private String text(long offset, int length) {
        return new String(page.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII);
    }
}
