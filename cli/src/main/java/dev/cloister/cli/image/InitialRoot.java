package dev.cloister.cli.image;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A root file system in memory with busybox alone: {@code /init} ends in a shell on the console and switches off after it. */
final class InitialRoot {
    // File types and permissions, as inode(7) numbers them.
    private static final int DIRECTORY = 0x41ED;
    private static final int PROGRAM = 0x81ED;
    private static final int FILE = 0x81A4;
    private static final int LINK = 0xA1FF;
    private static final int CHARACTER_DEVICE = 0x2180;
    private static final String[] DIRECTORIES = {"bin", "dev", "etc", "lib", "mnt", "proc", "root", "run", "sys", "tmp"
    };
    private static final String INIT = """
        #!/bin/sh
        busybox mount -t proc proc /proc
        busybox mount -t sysfs sysfs /sys
        busybox mount -t devtmpfs dev /dev
        busybox --install -s /bin
        for module in MODULES; do
            [ -f /lib/$module.ko.xz ] && unxz /lib/$module.ko.xz
            [ -f /lib/$module.ko ] && insmod /lib/$module.ko
        done
        hostname cloister
        export HOME=/root PATH=/bin
        cd /root
        read up idle < /proc/uptime
        echo "Linux $(uname -r) reached /init after $up s on $(nproc) processors."
        echo "This is a busybox shell; 'exit' or 'poweroff -f' switches off."
        setsid cttyhack sh
        poweroff -f
        """;

    /** The drivers of virtio devices, each behind those that it needs; where in the kernel's tree. */
    static final List<String> MODULES = List.of(
            "virtio/virtio_ring",
            "virtio/virtio",
            "virtio/virtio_pci_modern_dev",
            "virtio/virtio_pci_legacy_dev",
            "virtio/virtio_pci",
            "block/virtio_blk",
            "char/hw_random/virtio-rng");

    private InitialRoot() {}

    /** The name of a module without its place. */
    static String nameOf(String module) {
        return module.substring(module.lastIndexOf('/') + 1);
    }

    /** The file system as an archive that the kernel unpacks; drivers are files by name, as a kernel's package has them. */
    static byte[] of(byte[] busybox, Map<String, byte[]> drivers) {
        Cpio archive = new Cpio();
        for (String each : DIRECTORIES) {
            archive.add(each, DIRECTORY, new byte[0]);
        }
        archive.addDevice("dev/console", CHARACTER_DEVICE, 5, 1);
        archive.addDevice("dev/null", CHARACTER_DEVICE, 1, 3);
        archive.add("bin/busybox", PROGRAM, busybox);
        archive.add("bin/sh", LINK, ascii("busybox"));
        drivers.forEach((name, content) -> archive.add("lib/" + name, FILE, content));
        String modules = MODULES.stream().map(InitialRoot::nameOf).collect(Collectors.joining(" "));
        archive.add("init", PROGRAM, ascii(INIT.replace("MODULES", modules)));
        return archive.bytes();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
