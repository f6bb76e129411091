package dev.cloister.cli.image;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A root file system in memory with busybox alone. Where the kernel's command line names a disk ({@code root=/dev/vda},
 * {@code root=LABEL=…} or {@code root=UUID=…}), {@code /init} mounts that and hands over to its own init; else it ends in a shell on the
 * console and switches off after it.
 */
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
        export HOME=/root PATH=/bin
        root= init=/sbin/init flags=
        for word in $(cat /proc/cmdline); do
            case $word in
                root=*) root=${word#root=} ;;
                init=*) init=${word#init=} ;;
                rootflags=*) flags=,${word#rootflags=} ;;
            esac
        done
        if [ -n "$root" ]; then
            load virtio disk ext4
            tries=50
            case $root in
                LABEL=*|UUID=*) find="findfs $root" ;;
                *) find="ls $root" ;;
            esac
            until device=$($find 2>/dev/null) || [ $tries = 0 ]; do
                sleep 0.2
                tries=$((tries - 1))
            done
            if mount -o ro$flags "$device" /mnt && [ -e /mnt$init -o -L /mnt$init ]; then
                mount --move /dev /mnt/dev && mount --move /proc /mnt/proc && mount --move /sys /mnt/sys
                exec switch_root /mnt $init
            fi
            echo "No root file system with $init at $root: is there a disk (--disk), and is it in order?"
        fi
        load-drivers
        if [ -d /sys/class/virtio-ports ]; then
            link-ports &
            tries=100
            until ! grep -q console=hvc0 /proc/cmdline || grep -q hvc0 /proc/consoles || [ $tries = 0 ]; do
                sleep 0.1
                tries=$((tries - 1))
            done
            exec </dev/console >/dev/console 2>&1
        fi
        hostname cloister
        cd /root
        read up idle < /proc/uptime
        echo "Linux $(uname -r) reached /init after $up s on $(nproc) processors."
        echo "This is a busybox shell; 'exit' or 'poweroff -f' switches off."
        setsid cttyhack sh
        poweroff -f
        """;

    /** Ports are told of one by one, their names later; udev would wait for them. */
    private static final String LINK_PORTS = """
        #!/bin/sh
        # Names ports of a console device below /dev/virtio-ports as they come.
        mkdir -p /dev/virtio-ports
        tries=50
        until [ $tries = 0 ]; do
            for port in /sys/class/virtio-ports/*; do
                name=$(cat $port/name 2>/dev/null)
                [ -n "$name" ] && ln -sf ../${port##*/} /dev/virtio-ports/$name
            done
            sleep 0.2
            tries=$((tries - 1))
        done
        """;

    private InitialRoot() {}

    /** The file system as an archive that the kernel unpacks; drivers are files by name, as a kernel's package has them; programs by path. */
    static byte[] of(byte[] busybox, Map<String, byte[]> drivers, Map<String, byte[]> programs) {
        Cpio archive = new Cpio();
        for (String each : DIRECTORIES) {
            archive.add(each, DIRECTORY, new byte[0]);
        }
        archive.addDevice("dev/console", CHARACTER_DEVICE, 5, 1);
        archive.addDevice("dev/null", CHARACTER_DEVICE, 1, 3);
        archive.add("bin/busybox", PROGRAM, busybox);
        archive.add("bin/sh", LINK, ascii("busybox"));
        drivers.forEach((name, content) -> archive.add("lib/" + name, FILE, content));
        if (!programs.isEmpty()) {
            archive.add("lib/x86_64-linux-gnu", DIRECTORY, new byte[0]);
            archive.add("lib64", DIRECTORY, new byte[0]);
        }
        programs.forEach((path, content) -> archive.add(path, PROGRAM, content));
        archive.add("bin/load", PROGRAM, ascii(Drivers.loadScript()));
        archive.add("bin/load-drivers", PROGRAM, ascii(Drivers.findScript()));
        archive.add("bin/link-ports", PROGRAM, ascii(LINK_PORTS));
        archive.add("init", PROGRAM, ascii(INIT));
        return archive.bytes();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
