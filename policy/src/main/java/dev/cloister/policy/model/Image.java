package dev.cloister.policy.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a domain boots: a kernel, or firmware, or firmware that is handed a kernel.
 *
 * @param kernel the kernel or flat image
 * @param firmware the firmware
 * @param initrd initial RAM disk or Multiboot module, where there is one
 * @param cmdline command line, may be empty
 * @param position where the policy declares it
 */
public record Image(
        Optional<ImageFile> kernel,
        Optional<ImageFile> firmware,
        Optional<ImageFile> initrd,
        String cmdline,
        SourcePosition position) {
    /** Returns every file of the image: kernel, firmware, initrd, as far as there are. */
    public List<ImageFile> files() {
        return Stream.of(kernel, firmware, initrd).flatMap(Optional::stream).toList();
    }
}
