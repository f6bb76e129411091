package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StreamsTest {
    private static final long SECONDS_10 = TimeUnit.SECONDS.toNanos(10);

    @Test
    void bytesArriveInOrder() {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        byte[] bytes = new byte[100_000];
        new Random(3).nextBytes(bytes);
        try (StreamSink sink = new StreamSink(stream, 256, SECONDS_10, "sink")) {
            for (byte value : bytes) {
                assertThat(sink.put(value)).isTrue();
            }
            assertThat(sink.flush(SECONDS_10)).isTrue();
            assertThat(stream.toByteArray()).isEqualTo(bytes);
            assertThat(sink.dropped()).isZero();
        }
    }

    /** A reader that has stopped until it is let go. */
    private static final class Stopped extends OutputStream {
        final CountDownLatch go = new CountDownLatch(1);
        final ByteArrayOutputStream received = new ByteArrayOutputStream();

        @Override
        public void write(int value) {
            received.write(value);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                go.await();
            } catch (InterruptedException cause) {
                throw new IOException(cause);
            }
            received.write(bytes, offset, length);
        }
    }

    @Test
    void aStoppedReaderCostsOneWaitAndThenOnlyBytes() {
        Stopped stream = new Stopped();
        long park = TimeUnit.MILLISECONDS.toNanos(200);
        try (StreamSink sink = new StreamSink(stream, 16, park, "sink")) {
            long start = System.nanoTime();
            int taken = 0;
            for (int i = 0; i < 10_000; i++) {
                taken += sink.put((byte) i) ? 1 : 0;
            }
            long spent = System.nanoTime() - start;
            assertThat(spent).isBetween(park, 20 * park);
            assertThat(taken).isBetween(16, 32);
            assertThat(sink.dropped()).isEqualTo(10_000 - taken);
            assertThat(sink.flush(1_000_000)).isFalse();
            stream.go.countDown();
            assertThat(sink.flush(SECONDS_10)).isTrue();
            assertThat(stream.received.size()).isEqualTo(taken);
            assertThat(sink.put((byte) 1)).isTrue();
        }
    }

    @Test
    void aBrokenStreamIsReportedAndEverythingDropped() {
        OutputStream broken = new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                throw new IOException("gone");
            }
        };
        try (StreamSink sink = new StreamSink(broken, 16, SECONDS_10, "sink")) {
            sink.put((byte) 1);
            assertThat(sink.flush(SECONDS_10)).isTrue();
            assertThat(sink.failure()).hasMessage("gone");
            assertThat(sink.put((byte) 2)).isFalse();
            assertThat(sink.dropped()).isEqualTo(2);
        }
    }

    @Test
    void aClosedSinkHasWrittenWhatItTookAndTakesNoMore() {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        StreamSink sink = new StreamSink(stream, 64, 0, "sink");
        sink.put((byte) 'a');
        sink.close();
        assertThat(stream.toByteArray()).containsExactly('a');
        assertThat(sink.put((byte) 'b')).isFalse();
        assertThatThrownBy(() -> new StreamSink(stream, 1, 0, "sink")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StreamSink(stream, 2, -1, "sink")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void thePumpFeelsBackPressureAndLosesNothing() {
        byte[] bytes = new byte[50_000];
        new Random(4).nextBytes(bytes);
        Serial16550 port = new Serial16550(ByteSink.NONE, InterruptLine.NONE);
        port.writeByte(2, 1);
        byte[] received = new byte[bytes.length];
        try (SerialInputPump _ = new SerialInputPump(port, new ByteArrayInputStream(bytes), "pump")) {
            int count = 0;
            while (count < received.length) {
                if ((port.readByte(5) & 1) != 0) {
                    received[count++] = (byte) port.readByte(0);
                } else {
                    Thread.onSpinWait();
                }
            }
        }
        assertThat(received).isEqualTo(bytes);
    }
}
