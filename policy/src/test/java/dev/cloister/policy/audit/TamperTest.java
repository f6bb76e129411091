package dev.cloister.policy.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.AuditRule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever edits a log of many files is found out, and the place is named; but for a cut to an earlier head, which needs another. */
class TamperTest {
    private static final int ROUNDS = 4000;

    @TempDir
    Path directory;

    private final Map<Path, List<String>> files = new LinkedHashMap<>();

    private Path log() {
        return directory.resolve("audit.log");
    }

    private void write() throws IOException {
        try (AuditLog writer = AuditLog.open(log(), AuditListener.NONE)) {
            writer.rotation(Optional.of(new AuditRule.Rotation(2500, 4)));
            for (int i = 0; i < 70; i++) {
                writer.append(AuditEvent.of(i % 3 == 0 ? AuditKind.REFUSAL : AuditKind.GRANT)
                        .withDomain("d" + i)
                        .withDetail("n", "value " + i * i));
            }
        }
        for (int segment : SegmentName.beside(log())) {
            files.put(SegmentName.of(log(), segment), List.of());
        }
        files.put(log(), List.of());
        for (Path file : files.keySet()) {
            files.put(file, Files.readAllLines(file, StandardCharsets.US_ASCII));
        }
        assertThat(files).hasSize(5);
    }

    /** The files as somebody left them. */
    private static final class Edit {
        private final Random random;
        private final List<Path> names;
        private final List<List<String>> content = new ArrayList<>();
        private String what = "";
        private boolean swappedFiles;

        Edit(Map<Path, List<String>> files, Random random) {
            this.random = random;
            this.names = new ArrayList<>(files.keySet());
            files.values().forEach(lines -> content.add(new ArrayList<>(lines)));
        }

        void make() throws IOException {
            int file = random.nextInt(content.size());
            List<String> lines = content.get(file);
            int line = random.nextInt(lines.size());
            int kind = random.nextInt(11);
            what = "edit " + kind + " at " + names.get(file).getFileName() + " line " + (line + 1);
            if (kind >= 8) {
                editFiles(kind, file);
            } else {
                editLines(kind, lines, line);
            }
        }

        private void editLines(int kind, List<String> lines, int line) throws IOException {
            switch (kind) {
                case 0 -> lines.set(line, flipped(lines.get(line)));
                case 1 -> lines.remove(line);
                case 2 -> lines.add(line, lines.get(random.nextInt(lines.size())));
                case 3 -> {
                    List<String> others = content.get(random.nextInt(content.size()));
                    int other = random.nextInt(others.size());
                    String mine = lines.get(line);
                    lines.set(line, others.get(other));
                    others.set(other, mine);
                }
                case 4 -> lines.set(line, resealed(lines.get(line)));
                case 5 -> lines.add(line, resealed(lines.get(line)));
                case 6 -> lines.subList(line, lines.size()).clear();
                default -> lines.subList(0, line + 1).clear();
            }
        }

        private void editFiles(int kind, int file) {
            switch (kind) {
                case 8 -> {
                    content.remove(file);
                    names.remove(file == names.size() - 1 ? 0 : file);
                }
                case 9 -> {
                    int other = random.nextInt(content.size());
                    List<String> mine = content.get(file);
                    content.set(file, content.get(other));
                    content.set(other, mine);
                    swappedFiles = true;
                }
                default -> content.get(file).addFirst("{\"seq\":1}");
            }
        }

        private String flipped(String line) {
            char[] chars = line.toCharArray();
            int at = random.nextInt(chars.length);
            // Within printable ASCII, so that lines stay lines.
            chars[at] = (char) (' ' + (chars[at] - ' ' + 1 + random.nextInt(94)) % 95);
            return new String(chars);
        }

        private static String resealed(String line) throws IOException {
            AuditRecord record = AuditLine.parse(line.getBytes(StandardCharsets.US_ASCII));
            AuditEntry forged = AuditLine.seal(
                    record.seq(),
                    record.time(),
                    record.mono(),
                    record.event().withDetail("more", "than was said"),
                    record.prev());
            return new String(forged.line(), StandardCharsets.US_ASCII).strip();
        }

        List<String> all() {
            return content.stream().flatMap(List::stream).toList();
        }
    }

    private void leave(Edit edit) throws IOException {
        for (Path file : files.keySet()) {
            Files.deleteIfExists(file);
        }
        for (int i = 0; i < edit.content.size(); i++) {
            List<String> lines = edit.content.get(i);
            Files.writeString(edit.names.get(i), lines.isEmpty() ? "" : String.join("\n", lines) + "\n");
        }
    }

    @Test
    void everyEditIsFoundAndItsPlaceNamed() throws Exception {
        write();
        List<String> original = files.values().stream().flatMap(List::stream).toList();
        int edits = 0;
        for (long seed = 1; seed <= ROUNDS; seed++) {
            Edit edit = new Edit(files, new Random(seed));
            edit.make();
            List<String> left = edit.all();
            if (left.equals(original)) {
                continue;
            }
            edits++;
            leave(edit);
            AuditVerification found = AuditVerifier.verify(log(), Optional.empty());
            String at = "seed " + seed + ", " + edit.what;
            assertThat(found.whole()).as(at).isFalse();
            int first = 0;
            while (first < left.size()
                    && first < original.size()
                    && left.get(first).equals(original.get(first))) {
                first++;
            }
            AuditVerification.Fault fault = found.fault().orElseThrow();
            // A wrong first file is noticed where the second does not go on from it.
            int late = first == 0 && edit.swappedFiles ? edit.content.getFirst().size() : 1;
            assertThat(place(edit, fault)).as(at + ": " + fault).isBetween(first, first + late);
        }
        assertThat(edits).isGreaterThan(ROUNDS * 9 / 10);
    }

    /** The fault's line counted through all files. */
    private static int place(Edit edit, AuditVerification.Fault fault) {
        int before = 0;
        for (int i = 0; i < edit.names.size(); i++) {
            if (edit.names.get(i).getFileName().toString().equals(fault.file())) {
                return before + (int) fault.line() - 1;
            }
            before += edit.content.get(i).size();
        }
        throw new AssertionError("the fault is in no file: " + fault);
    }

    @Test
    void aCutToAnEarlierHeadIsOnlyFoundByAHeadKeptElsewhere() throws Exception {
        write();
        String kept = AuditVerifier.verify(log(), Optional.empty()).head().hash();
        List<String> lines = new ArrayList<>(files.get(log()));
        lines.removeLast();
        AuditRecord last = AuditLine.parse(lines.getLast().getBytes(StandardCharsets.US_ASCII));
        String text = String.join("\n", lines) + "\n";
        Files.writeString(log(), text);
        Files.writeString(
                FileAuditStorage.headFile(log()),
                HeadLine.format(new AuditHead(last.seq(), last.hash(), text.length())));
        assertThat(AuditVerifier.verify(log(), Optional.empty()).whole()).isTrue();
        assertThat(AuditVerifier.verify(log(), Optional.of(kept))
                        .fault()
                        .orElseThrow()
                        .damage())
                .isEqualTo(AuditVerification.Damage.OTHER_CHAIN);
    }
}
