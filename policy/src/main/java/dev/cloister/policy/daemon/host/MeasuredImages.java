package dev.cloister.policy.daemon.host;

import dev.cloister.linux.Fd;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Image;
import dev.cloister.policy.model.ImageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The sealed copies of everything that a domain boots, with their digests. Made on any thread, used by one. */
public final class MeasuredImages implements AutoCloseable {
    private final Map<ImageFile, MeasuredImage> images = new LinkedHashMap<>();
    private final Image stated;
    private HostDisks.Uses disks = HostDisks.Uses.NONE;

    private MeasuredImages(Image stated) {
        this.stated = stated;
    }

    /** Copies, seals and hashes; a failure leaves nothing behind. */
    public static MeasuredImages load(Domain domain) throws IOException {
        MeasuredImages made = new MeasuredImages(domain.image());
        try {
            for (ImageFile file : domain.image().files()) {
                made.images.put(file, MeasuredImage.load(file));
            }
            return made;
        } catch (IOException e) {
            made.close();
            throw e;
        }
    }

    /** Takes the disks that the domain uses, which were opened and measured as well. */
    public void disks(HostDisks.Uses uses) {
        disks = uses;
    }

    /** The disks that the domain uses. */
    public HostDisks.Uses disks() {
        return disks;
    }

    /** Gives the disks away. */
    public HostDisks.Uses releaseDisks() {
        HostDisks.Uses given = disks;
        disks = HostDisks.Uses.NONE;
        return given;
    }

    /** The digest of the kernel, in hexadecimal; empty without one. */
    public String kernel() {
        return digest(stated.kernel());
    }

    /** The digest of the firmware, in hexadecimal; empty without one. */
    public String firmware() {
        return digest(stated.firmware());
    }

    /** The digest of the initial RAM disk, in hexadecimal; empty without one. */
    public String initrd() {
        return digest(stated.initrd());
    }

    private String digest(Optional<ImageFile> file) {
        return file.map(f -> image(f).sha256()).orElse("");
    }

    private MeasuredImage image(ImageFile file) {
        MeasuredImage found = images.get(file);
        if (found == null) {
            throw new IllegalStateException(file.path() + " was not measured");
        }
        return found;
    }

    /** The descriptors as a configuration carries them: firmware alone, or the kernel and the initrd if there is one. */
    public List<Fd> handed() {
        List<Fd> fds = new ArrayList<>();
        if (stated.firmware().isPresent()) {
            fds.add(image(stated.firmware().get()).memory().fd());
            return fds;
        }
        stated.kernel().ifPresent(file -> fds.add(image(file).memory().fd()));
        stated.initrd().ifPresent(file -> fds.add(image(file).memory().fd()));
        return fds;
    }

    /** The digests as the audit log names them: {@code kernel=...}, separated by spaces. */
    public String digests() {
        Map<String, String> named = new LinkedHashMap<>();
        named.put("kernel", kernel());
        named.put("firmware", firmware());
        named.put("initrd", initrd());
        disks.disks().forEach(disk -> named.put(disk.name(), disk.sha256()));
        return named.entrySet().stream()
                .filter(e -> !e.getValue().isEmpty())
                .map(e -> e.getKey() + "=" + e.getValue())
                .collect(Collectors.joining(" "));
    }

    /** What was measured and, where it differs, what the policy states; a sentence for people. */
    public String text() {
        Stream<String> files = images.entrySet().stream()
                .map(e -> measured(e.getKey(), e.getValue().sha256()));
        return Stream.concat(files, disks.disks().stream().map(HostDisk::text).filter(text -> !text.isEmpty()))
                .collect(Collectors.joining(", "));
    }

    private static String measured(ImageFile file, String sha256) {
        String found = file.path() + " has SHA-256 " + sha256;
        return sha256.equals(file.sha256())
                ? found
                : found + " but the policy (" + file.position() + ") expects " + file.sha256();
    }

    @Override
    public void close() {
        images.values().forEach(MeasuredImage::close);
        images.clear();
        disks.close();
    }
}
