package dev.cloister.cli.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.tukaani.xz.SingleXZInputStream;

/**
 * Drivers that a root file system in memory holds as modules of its kernel. Those of a group are loaded together, when {@code /init}
 * finds a device of theirs, or by hand ({@code load GROUP}). A module that the kernel's package lacks is built in, or missing, and passed
 * over.
 */
enum Drivers {
    /** The bus and what it needs: always there, always loaded. */
    VIRTIO(
            "",
            "drivers/virtio/virtio_ring",
            "drivers/virtio/virtio",
            "drivers/virtio/virtio_pci_modern_dev",
            "drivers/virtio/virtio_pci_legacy_dev",
            "drivers/virtio/virtio_pci",
            "drivers/virtio/virtio_mmio"),
    /** Networks. */
    NET("virtio:1", "net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net"),
    /** Disks. */
    DISK("virtio:2", "drivers/block/virtio_blk"),
    /** The file system of root disks. */
    EXT4("", "crypto/crc32c_generic", "lib/libcrc32c", "lib/crc16", "fs/mbcache", "fs/jbd2/jbd2", "fs/ext4/ext4"),
    /** Consoles. */
    CONSOLE("virtio:3", "drivers/char/virtio_console"),
    /** Entropy. */
    RNG("virtio:4", "drivers/char/hw_random/virtio-rng"),
    /** Memory that the guest gives back. */
    BALLOON("virtio:5", "drivers/virtio/virtio_balloon"),
    /** Sockets to the host. */
    VSOCK(
            "virtio:19",
            "net/vmw_vsock/vsock",
            "net/vmw_vsock/vmw_vsock_virtio_transport_common",
            "net/vmw_vsock/vmw_vsock_virtio_transport"),
    /** Files of the host as memory. */
    PMEM(
            "virtio:27",
            "drivers/nvdimm/libnvdimm",
            "drivers/nvdimm/nd_btt",
            "drivers/nvdimm/nd_pmem",
            "drivers/nvdimm/nd_virtio",
            "drivers/nvdimm/virtio_pmem"),
    /** Functions of PCI for programs, such as memory shared between guests. */
    UIO("pci:0x1af4:0x1110", "drivers/uio/uio", "drivers/uio/uio_pci_generic");

    private static final String LOAD_HEAD = """
        #!/bin/sh
        # load NAME...: drivers, by group or module
        one() {
            [ -e /sys/module/$(echo $1 | tr - _) ] && return
            [ -f /lib/$1.ko ] && insmod /lib/$1.ko
        }
        for name in "$@"; do
            modules=$name
            case $name in
        """;
    private static final String LOAD_TAIL = """
            esac
            for module in $modules; do
                one $module
            done
        done
        """;
    private static final String FIND_HEAD = """
        #!/bin/sh
        # Loads the drivers of the devices that are there.
        load virtio
        for device in /sys/bus/virtio/devices/* /sys/bus/pci/devices/*; do
            [ -e $device ] || continue
            case $device in
                */virtio/*) id=virtio:$(printf %d $(cat $device/device)) ;;
                *) id=pci:$(cat $device/vendor):$(cat $device/device) ;;
            esac
            case $id in
        """;
    private static final String FIND_TAIL = """
            esac
        done
        """;

    /** More than the largest driver of this list has, in bytes. */
    private static final int LARGEST = 64 << 20;
    /** The largest xz dictionary, in KiB; modules are packed with 1 MiB or the preset's 8. */
    private static final int DICTIONARY_KIB = 64 << 10;

    private final String device;
    private final List<String> modules;

    Drivers(String device, String... modules) {
        this.device = device;
        this.modules = List.of(modules);
    }

    /** What it is called on command lines. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    private static String nameOf(String module) {
        return module.substring(module.lastIndexOf('/') + 1);
    }

    /** The modules of groups that a kernel's package has, by the names of their files; besides those that are always there. */
    static Map<String, byte[]> files(DebianArchive archive, String release, Collection<Drivers> groups)
            throws IOException {
        List<String> wanted = new ArrayList<>(VIRTIO.modules);
        groups.forEach(group -> wanted.addAll(group.modules));
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String module : wanted) {
            String name = nameOf(module);
            String directory = "lib/modules/" + release + "/kernel/" + module.substring(0, module.lastIndexOf('/'));
            Optional<Path> file = archive.optionalFile(directory, name + ".ko");
            if (file.isPresent()) {
                files.put(name + ".ko", module(file.get()));
            }
        }
        return files;
    }

    /** A module as the kernel takes it: unpacked here, where that costs no guest's time. */
    private static byte[] module(Path file) throws IOException {
        try (InputStream packed = Files.newInputStream(file);
                InputStream in =
                        file.toString().endsWith(".xz") ? new SingleXZInputStream(packed, DICTIONARY_KIB) : packed) {
            byte[] content = in.readNBytes(LARGEST + 1);
            if (content.length > LARGEST) {
                throw new IOException(file + " is larger than " + LARGEST + " bytes when unpacked: not a module");
            }
            return content;
        }
    }

    /** The guest's program {@code load}. */
    static String loadScript() {
        StringBuilder script = new StringBuilder(LOAD_HEAD);
        for (Drivers group : values()) {
            String names = group.modules.stream().map(Drivers::nameOf).collect(Collectors.joining(" "));
            script.append("        ")
                    .append(group.label())
                    .append(") modules=\"")
                    .append(names)
                    .append("\" ;;\n");
        }
        return script.append(LOAD_TAIL).toString();
    }

    /** The guest's program {@code load-drivers}, which {@code /init} runs. */
    static String findScript() {
        StringBuilder script = new StringBuilder(FIND_HEAD);
        for (Drivers group : values()) {
            if (!group.device.isEmpty()) {
                script.append("        ")
                        .append(group.device)
                        .append(") load ")
                        .append(group.label())
                        .append(" ;;\n");
            }
        }
        return script.append(FIND_TAIL).toString();
    }
}
