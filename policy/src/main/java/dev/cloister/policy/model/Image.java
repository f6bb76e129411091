package dev.cloister.policy.model;

import java.util.Optional;

/**
 * What a domain boots.
 *
 * @param kernel the kernel or flat image
 * @param initrd initial RAM disk or Multiboot module, where there is one
 * @param cmdline command line, may be empty
 * @param position where the policy declares it
 */
public record Image(ImageFile kernel, Optional<ImageFile> initrd, String cmdline, SourcePosition position) {}
