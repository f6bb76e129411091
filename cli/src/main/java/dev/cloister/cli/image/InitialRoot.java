package dev.cloister.cli.image;

import java.nio.charset.StandardCharsets;

/** A root file system in memory with busybox alone: {@code /init} ends in a shell on the console and switches off after it. */
final class InitialRoot {
    // File types and permissions, as inode(7) numbers them.
    private static final int DIRECTORY = 0x41ED;
    private static final int PROGRAM = 0x81ED;
    private static final int LINK = 0xA1FF;
    private static final int CHARACTER_DEVICE = 0x2180;
    private static final String[] DIRECTORIES = {"bin", "dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp"};
    private static final String INIT = """
        #!/bin/sh
        busybox mount -t proc proc /proc
        busybox mount -t sysfs sysfs /sys
        busybox mount -t devtmpfs dev /dev
        busybox --install -s /bin
        hostname cloister
        export HOME=/root PATH=/bin
        cd /root
        read up idle < /proc/uptime
        echo "Linux $(uname -r) reached /init after $up s on $(nproc) processors."
        echo "This is a busybox shell; 'exit' or 'poweroff -f' switches off."
        setsid cttyhack sh
        poweroff -f
        """;

    private InitialRoot() {}

    /** The file system as an archive that the kernel unpacks. */
    static byte[] of(byte[] busybox) {
        Cpio archive = new Cpio();
        for (String each : DIRECTORIES) {
            archive.add(each, DIRECTORY, new byte[0]);
        }
        archive.addDevice("dev/console", CHARACTER_DEVICE, 5, 1);
        archive.addDevice("dev/null", CHARACTER_DEVICE, 1, 3);
        archive.add("bin/busybox", PROGRAM, busybox);
        archive.add("bin/sh", LINK, ascii("busybox"));
        archive.add("init", PROGRAM, ascii(INIT));
        return archive.bytes();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
