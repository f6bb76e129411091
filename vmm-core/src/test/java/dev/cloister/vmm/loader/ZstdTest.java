package dev.cloister.vmm.loader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.v3.zstd.ZstdJavaDecompressor;
import io.airlift.compress.v3.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ZstdTest {
    @Test
    void aFrameThatNamesAWindowOf128MebibytesIsUnpacked() throws IOException {
        byte[] plain = new byte[3 << 20];
        SplittableRandom random = new SplittableRandom(8878);
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) (random.nextInt(4) * (i >> 16));
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZstdOutputStream stream = new ZstdOutputStream(out)) {
            stream.write(plain);
        }
        byte[] packed = out.toByteArray();
        assertThat(packed[4] & 0x20).as("not a single segment").isZero();
        packed[5] = (byte) (17 << 3);
        MemorySegment source = MemorySegment.ofArray(packed);
        MemorySegment target = MemorySegment.ofArray(new byte[plain.length]);
        assertThatThrownBy(() -> new ZstdJavaDecompressor().decompress(source, target))
                .hasMessageContaining("Window size too large");
        assertThat(Zstd.unpack(source, target)).isEqualTo(plain.length);
        assertThat(target.mismatch(MemorySegment.ofArray(plain))).isEqualTo(-1);
    }

    @Test
    void whatIsNoFrameIsRefused() {
        MemorySegment target = MemorySegment.ofArray(new byte[16]);
        for (int length = 1; length < 12; length++) {
            MemorySegment source = MemorySegment.ofArray(new byte[length]);
            assertThatThrownBy(() -> Zstd.unpack(source, target)).isInstanceOf(RuntimeException.class);
        }
    }
}
