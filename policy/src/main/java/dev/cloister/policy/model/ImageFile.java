package dev.cloister.policy.model;

import java.nio.file.Path;

/**
 * A file whose content the policy fixes by its digest.
 *
 * @param path the path as written
 * @param resolved the path against the policy file's folder
 * @param sha256 expected digest, 64 lower-case hexadecimal digits
 * @param position where the policy declares the digest
 */
public record ImageFile(String path, Path resolved, String sha256, SourcePosition position) {}
