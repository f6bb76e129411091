package dev.cloister.policy.language;

import dev.cloister.policy.model.Image;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.model.SourcePosition;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the names of files: relative to the policy's folder, opened by nobody here. */
final class FileReader {
    private static final Set<String> IMAGE_FIELDS = Set.of("kernel", "firmware", "initrd", "cmdline");
    private static final Set<String> FILE_FIELDS = Set.of("path", "sha256");
    private static final TextForm CMDLINE =
            new TextForm(Pattern.compile("[\\x20-\\x7e]{0,2047}"), "at most 2047 printable ASCII characters");

    private final Path folder;

    FileReader(Path folder) {
        this.folder = folder;
    }

    /** Reads a domain's image. */
    Image image(Fields domain) {
        return domain.required("image")
                .map(json -> bootable(domain.open(json, "an image", IMAGE_FIELDS)))
                .orElseGet(
                        () -> new Image(Optional.empty(), Optional.empty(), Optional.empty(), "", domain.position()));
    }

    private Image bootable(Fields fields) {
        boolean bootable = fields.has("kernel") || fields.has("firmware");
        if (!bootable) {
            fields.missing("kernel", "\"kernel\" or \"firmware\"");
        }
        return new Image(
                file(fields, "kernel"),
                file(fields, "firmware"),
                file(fields, "initrd"),
                fields.text("cmdline", CMDLINE, ""),
                fields.position());
    }

    private Optional<ImageFile> file(Fields image, String field) {
        return image.optional(field).map(json -> {
            Fields fields = image.open(json, field, FILE_FIELDS);
            String path = fields.text("path", TextForm.PATH);
            String sha256 = fields.text("sha256", TextForm.DIGEST);
            SourcePosition position =
                    fields.optional("sha256").map(fields.problems()::at).orElseGet(fields::position);
            return new ImageFile(path, resolve(fields, path), sha256, position);
        });
    }

    /** Returns the member "path" of an object against the policy's folder; reports one that this host can't spell. */
    Path resolve(Fields fields, String path) {
        try {
            return folder.resolve(path).normalize();
        } catch (InvalidPathException e) {
            fields.optional("path")
                    .ifPresent(json -> fields.malformed(
                            json,
                            "path",
                            "a path that this host's file names can spell",
                            "run with a UTF-8 locale, or rename the file"));
            return folder;
        }
    }
}
