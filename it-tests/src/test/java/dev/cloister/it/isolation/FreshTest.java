package dev.cloister.it.isolation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Up;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guest finds when it starts is what its image put there: nothing of the host, nothing of the guest before it. */
@Timeout(600)
class FreshTest {
    private static final String LINE = "fresh     | ";
    private static final String END = LINE + "fresh: end";
    /** The loader's pages: command line, memory map, start information, segment descriptors. */
    private static final long BOOT_PAGES = 0x1000;

    private static final long BOOT_PAGES_END = 0x5000;
    private static final long BOOT_BYTES = 256;
    /** Interrupt vectors and BIOS data area; ACPI tables, MP table, SMBIOS tables, and the end of the BIOS area with the vectors' handlers. */
    private static final List<Long> MACHINE_PAGES = List.of(0L, 0xe0000L, 0xe1000L, 0xf0000L, 0xf4000L, 0xff000L);

    private static final long PAGE = 4096;

    private record Range(long from, long to) {}

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void memoryHoldsTheImageAndNothingElseAlsoAfterAGuestThatLeftASecret() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path folder = cloister.folder();
        Path image = Guests.assemble(folder, "isolation/fresh");
        Path policy = PolicyFile.in(folder, "fresh")
                .domain("fresh", image)
                .domain("bystander", Guests.assemble(folder, "isolation/bystander"))
                .memory("out", "fresh", "bystander")
                .write();
        String out;
        try (Up up = Up.start(cloister, policy)) {
            up.until(s -> Up.domain(s, "fresh").state().equals("exited"), "the first end of fresh");
            cloister.run("start", "fresh").expect(0);
            up.command()
                    .awaitOut(text -> text.split(java.util.regex.Pattern.quote(END), -1).length == 3, "a second end");
            out = up.shutdown().out();
        }
        List<List<String>> runs = runs(out);
        assertThat(runs).as(out).hasSize(2);
        assertThat(runs.get(1)).isEqualTo(runs.get(0));
        assertThat(runs.getFirst()).contains("registers 0", "xmm 0", "debug 0").noneMatch(l -> l.startsWith("window"));
        List<Range> loaded = loaded(image);
        assertThat(runs.getFirst().stream().filter(l -> l.startsWith("page ")))
                .isNotEmpty()
                .allSatisfy(line -> allowed(line, loaded));
    }

    private static List<List<String>> runs(String out) {
        List<List<String>> runs = new ArrayList<>();
        List<String> run = new ArrayList<>();
        for (String line : out.lines().filter(l -> l.startsWith(LINE)).toList()) {
            if (line.strip().equals(END)) {
                runs.add(run);
                run = new ArrayList<>();
            } else {
                run.add(line.substring(LINE.length()).strip());
            }
        }
        return runs;
    }

    private static void allowed(String line, List<Range> loaded) {
        String[] words = line.split(" ");
        long page = Long.parseLong(words[1], 16);
        long bytes = Long.parseLong(words[2], 16);
        boolean boot = page >= BOOT_PAGES && page < BOOT_PAGES_END && bytes <= BOOT_BYTES;
        boolean image = loaded.stream().anyMatch(r -> page + PAGE > r.from() && page < r.to());
        assertThat(boot || image || MACHINE_PAGES.contains(page))
                .as("%s; image at %s", line, loaded)
                .isTrue();
    }

    /** The loadable segments (ELF-64 object file format, program header): p_type, p_paddr, p_memsz. */
    private static List<Range> loaded(Path image) throws IOException {
        ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(image)).order(ByteOrder.LITTLE_ENDIAN);
        List<Range> ranges = new ArrayList<>();
        int headers = (int) elf.getLong(32);
        for (int i = 0; i < elf.getShort(56); i++) {
            int at = headers + i * elf.getShort(54);
            if (elf.getInt(at) == 1) {
                long from = elf.getLong(at + 24);
                ranges.add(new Range(from, from + elf.getLong(at + 40)));
            }
        }
        return ranges;
    }
}
