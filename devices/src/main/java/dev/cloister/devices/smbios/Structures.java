package dev.cloister.devices.smbios;

import java.util.ArrayList;
import java.util.List;

/** Structures, each with its header, its fields and its strings (DSP0134, 6.1). */
final class Structures {
    private static final int HEADER_BYTES = 4;

    private final Fields all = new Fields();
    private Fields body = new Fields();
    private final List<String> strings = new ArrayList<>();
    private int type;
    private int handle;

    Structures begin(int structureType, int structureHandle) {
        type = structureType;
        handle = structureHandle;
        body = new Fields();
        strings.clear();
        return this;
    }

    Structures bytes(int... values) {
        body.bytes(values);
        return this;
    }

    Structures number(long value, int width) {
        body.number(value, width);
        return this;
    }

    Structures zeros(int count) {
        for (int i = 0; i < count; i++) {
            body.bytes(0);
        }
        return this;
    }

    /** A field that names a string by its place behind the structure. */
    Structures string(String text) {
        strings.add(text);
        body.bytes(strings.size());
        return this;
    }

    void end() {
        all.bytes(type, HEADER_BYTES + body.size()).number(handle, 2);
        for (byte each : body.toBytes()) {
            all.bytes(each);
        }
        for (String each : strings) {
            all.text(each).bytes(0);
        }
        // An empty string ends them; where there is none, two.
        if (strings.isEmpty()) {
            all.bytes(0);
        }
        all.bytes(0);
    }

    byte[] bytes() {
        return all.toBytes();
    }
}
