package dev.cloister.cli.run;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One file of {@code --initrd}. Behind the first blank a module of Multiboot and PVH may have arguments, as QEMU's {@code -initrd} takes
 * them: what Xen finds its first domain's kernel with. A file whose name has blanks is taken as it is.
 *
 * @param file the file
 * @param string what the guest is told: the file's name and the arguments
 */
record ModuleOption(Path file, String string) {
    /** Reads what was given; whether there is such a file is found when it is read. */
    static ModuleOption of(String given) {
        int blank = given.indexOf(' ');
        boolean whole = blank < 0 || Files.exists(Path.of(given));
        Path file = Path.of(whole ? given : given.substring(0, blank));
        return new ModuleOption(file, file.getFileName() + (whole ? "" : given.substring(blank)));
    }
}
