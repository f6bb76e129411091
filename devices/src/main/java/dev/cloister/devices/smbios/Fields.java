package dev.cloister.devices.smbios;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Little-endian fields, one after the other. */
final class Fields {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Fields bytes(int... values) {
        for (int each : values) {
            out.write(each);
        }
        return this;
    }

    Fields number(long value, int width) {
        for (int i = 0; i < width; i++) {
            out.write((int) (value >>> i * Byte.SIZE));
        }
        return this;
    }

    Fields text(String ascii) {
        out.writeBytes(ascii.getBytes(StandardCharsets.US_ASCII));
        return this;
    }

    int size() {
        return out.size();
    }

    byte[] toBytes() {
        return out.toByteArray();
    }
}
