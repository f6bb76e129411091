package dev.cloister.it.system;

import dev.cloister.cli.image.Cpio;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** What {@code image linux} makes, with another {@code /init}: a script that runs once drivers are loaded. */
final class SmallRoot {
    private static final int PROGRAM = 0x81ED;
    private static final String HEAD = """
        #!/bin/sh
        busybox mount -t proc proc /proc
        busybox mount -t sysfs sysfs /sys
        busybox mount -t devtmpfs dev /dev
        busybox --install -s /bin
        export HOME=/root PATH=/bin
        load-drivers
        """;

    private SmallRoot() {}

    /** Writes an initial RAM disk whose {@code /init} is a script. */
    static Path write(Path initrd, Path to, String script) throws IOException {
        return write(initrd, to, Map.of("init", program(script)));
    }

    /** Writes an initial RAM disk with further programs, by path; one that is there already is replaced. */
    static Path write(Path initrd, Path to, Map<String, byte[]> programs) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(Files.readAllBytes(initrd));
        all.writeBytes(archive(programs));
        return Files.write(to, all.toByteArray());
    }

    /** A script that begins as {@code /init} does, as a program. */
    static byte[] program(String script) {
        return (HEAD + script).getBytes(StandardCharsets.US_ASCII);
    }

    /** Programs alone: the kernel unpacks one archive behind the other, and the last file of a name stays. */
    static byte[] archive(Map<String, byte[]> programs) {
        Cpio archive = new Cpio();
        programs.forEach((name, content) -> archive.add(name, PROGRAM, content));
        return archive.bytes();
    }
}
