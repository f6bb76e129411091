package dev.cloister.it.differential;

import dev.cloister.emulator.Disassembler;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.decode.Decoder;
import dev.cloister.emulator.decode.Instruction;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Generates cases, runs them on both sides, and keeps what differs: the first of each form shrunk. One thread. */
final class Campaign implements AutoCloseable {
    private static final int KEPT_PER_FORM = 1;
    private static final int MOST_KEPT = 60;

    private static final long PROGRESS_NANOS = 30_000_000_000L;

    private final int bits;
    private long seed;
    private final RealSide real;
    /** Asked where the first side and the emulator differ: software-assisted KVM interprets what raised #UD or #GP. */
    private final RealSide witness;

    private final EmulatedSide emulated;
    private final Comparison comparison = new Comparison();
    private final Coverage coverage = new Coverage();
    private final Disassembler disassembler = new Disassembler();
    private final Decoder decoder = new Decoder();
    private final Instruction instruction = new Instruction();
    private final Outcome[] wanted = outcomes();
    private final Outcome[] got = outcomes();
    private final Outcome[] testified = outcomes();
    private final Map<String, List<String>> failures = new LinkedHashMap<>();
    /** Forms that no processor model offers; a host's processor that has them is no witness of their #UD. */
    private final Set<String> notOffered;

    private long made;
    private final long start = System.nanoTime();
    private long reported = start;

    /**
     * Joins the sides.
     *
     * @param seed of the cases and of the data that they find
     * @param blocks whether the emulator runs decoded blocks
     * @param bits the width of the code: 64, or 32 and 16 for compatibility mode, which a process without KVM alone runs
     */
    Campaign(long seed, boolean blocks, int bits) throws IOException {
        this.seed = seed;
        this.bits = bits;
        witness = new NativeSide(seed, bits != 64);
        real = bits == 64 ? new KvmSide(seed) : witness;
        emulated = new EmulatedSide(seed, blocks);
        notOffered = Site.all(bits).stream()
                .filter(site -> !site.isImplemented())
                .map(Site::name)
                .collect(Collectors.toSet());
    }

    private static Outcome[] outcomes() {
        Outcome[] outcomes = new Outcome[Layout.BATCH];
        for (int n = 0; n < outcomes.length; n++) {
            outcomes[n] = new Outcome();
        }
        return outcomes;
    }

    /**
     * Gives each form whose name the pattern finds that many cases.
     *
     * @param forms searched in {@link Site#name()}
     * @param each cases of each form
     */
    void run(Pattern forms, int each) throws IOException {
        coverage.want(each);
        round(forms, each, Duration.ofNanos(Long.MAX_VALUE));
    }

    /**
     * Gives all such forms cases in turn, round after round from seeds that grow by one, until the time is over or too many forms
     * differ; tells every half minute how far it is.
     *
     * @param forms searched in {@link Site#name()}
     * @param each cases of each form in a round
     * @param time after which no form is begun
     */
    void run(Pattern forms, int each, Duration time) throws IOException {
        coverage.want(Coverage.ENOUGH);
        while (System.nanoTime() - start < time.toNanos() && failures.size() <= MOST_KEPT) {
            round(forms, each, time);
            seed++;
        }
    }

    private void round(Pattern forms, int each, Duration time) throws IOException {
        List<TestCase> batch = new ArrayList<>();
        for (Site site : Site.all(bits)) {
            if (!forms.matcher(site.name()).find() || System.nanoTime() - start > time.toNanos()) {
                continue;
            }
            String why = Permitted.leftOut(site.form().mnemonic, bits);
            if (why.isEmpty()) {
                coverage.group(site.name(), site.group());
                generate(site, each, batch);
            } else {
                coverage.leaveOut(site.name(), why);
            }
        }
        work(batch);
    }

    private void generate(Site site, int each, List<TestCase> batch) throws IOException {
        // A form's cases depend on the seed and the form alone, not on which others run.
        Generator generator = new Generator(new Random(seed * 31 + site.name().hashCode()), bits);
        for (int n = 0; n < each; n++) {
            TestCase c = generator.generate(site);
            if (c == null) {
                coverage.row(site.name()).notEncoded++;
                continue;
            }
            batch.add(c);
            if (batch.size() == Layout.BATCH) {
                work(batch);
            }
        }
    }

    /** Runs given cases. */
    void run(List<TestCase> cases) throws IOException {
        for (int n = 0; n < cases.size(); n += Layout.BATCH) {
            work(new ArrayList<>(cases.subList(n, Math.min(cases.size(), n + Layout.BATCH))));
        }
    }

    private void work(List<TestCase> batch) throws IOException {
        List<TestCase> both = new ArrayList<>();
        for (TestCase c : batch) {
            made++;
            Outcome outcome = got[both.size()];
            emulated.run(c, outcome);
            Coverage.Row row = coverage.row(c.form);
            switch (outcome.status) {
                case EXCEPTION -> both.add(c);
                case REFUSED -> {
                    row.unsupported++;
                    row.reason = outcome.reason;
                }
                case ENDLESS -> row.endless++;
            }
        }
        judge(both);
        batch.clear();
        if (System.nanoTime() - reported > PROGRESS_NANOS) {
            reported = System.nanoTime();
            System.out.println(progress());
        }
    }

    private void judge(List<TestCase> cases) throws IOException {
        real.run(cases, wanted);
        List<TestCase> doubtful = new ArrayList<>();
        for (int n = 0; n < cases.size(); n++) {
            if (differs(cases.get(n), wanted[n], got[n])) {
                doubtful.add(cases.get(n));
            }
        }
        witness.run(doubtful, testified);
        List<TestCase> failed = new ArrayList<>();
        for (int n = 0; n < doubtful.size(); n++) {
            TestCase c = doubtful.get(n);
            Coverage.Row row = coverage.row(c.form);
            emulated.run(c, got[0]);
            if (differences(c, testified[n], got[0]).isEmpty()) {
                row.deviating++;
            } else if (notOffered.contains(c.form) && got[0].vector == CpuException.UD) {
                row.compared--;
                row.unsupported++;
                row.reason = "no processor model offers it, the host's processor has it";
            } else {
                row.differing++;
                failed.add(c);
            }
        }
        for (TestCase c : failed) {
            keep(c);
        }
    }

    private List<String> differences(TestCase c, Outcome real, Outcome emulated) {
        return real.status == Outcome.Status.EXCEPTION ? comparison.differences(c, real, emulated) : List.of();
    }

    private boolean differs(TestCase c, Outcome wanted, Outcome got) {
        Coverage.Row row = coverage.row(c.form);
        if (wanted.status == Outcome.Status.REFUSED) {
            row.refused++;
            row.reason = wanted.reason;
            return true;
        }
        row.compared++;
        return !comparison.differences(c, wanted, got).isEmpty();
    }

    private void keep(TestCase c) throws IOException {
        List<String> kept = failures.computeIfAbsent(c.form, f -> new ArrayList<>());
        if (kept.size() >= KEPT_PER_FORM || failures.size() > MOST_KEPT) {
            return;
        }
        List<String> first = compare(c);
        if (first.isEmpty()) {
            kept.add(c.form + ": differed once and not again: " + CaseText.format(c));
            return;
        }
        String label = label(first);
        String mnemonic = mnemonic(c);
        TestCase small = Shrinker.shrink(c, candidate -> {
            try {
                if (!mnemonic(candidate).equals(mnemonic)) {
                    return false;
                }
                List<String> differences = compare(candidate);
                return !differences.isEmpty() && label(differences).equals(label);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        kept.add(c.form + ": " + text(small) + "\n    " + CaseText.format(small) + "\n    "
                + String.join("\n    ", compare(small)));
    }

    private String text(TestCase c) {
        return disassembler.decode(c.code, 0, c.code.length, c.bits, c.rip()) ? disassembler.text() : "(bad)";
    }

    private String mnemonic(TestCase c) {
        decoder.decode(c.code, 0, c.code.length, c.bits, c.rip(), instruction);
        return instruction.mnemonic();
    }

    private static String label(List<String> differences) {
        return differences.getFirst().substring(0, differences.getFirst().indexOf(':'));
    }

    private List<String> compare(TestCase c) throws IOException {
        emulated.run(c, got[0]);
        if (got[0].status != Outcome.Status.EXCEPTION) {
            return List.of();
        }
        real.run(List.of(c), wanted);
        boolean refused = wanted[0].status == Outcome.Status.REFUSED;
        if (!refused && comparison.differences(c, wanted[0], got[0]).isEmpty()) {
            return List.of();
        }
        witness.run(List.of(c), testified);
        return differences(c, testified[0], got[0]);
    }

    Coverage coverage() {
        return coverage;
    }

    /** What differed, the first of each form as a case that can be run again. */
    List<String> failures() {
        return failures.values().stream().flatMap(List::stream).toList();
    }

    /** Cases made so far and their rate. */
    String progress() {
        double seconds = (System.nanoTime() - start) / 1e9;
        return String.format(
                "differential, %d-bit code: seed %d, %d cases, %d compared, %d forms differ, %.0f cases/s",
                bits, seed, made, coverage.compared(), failures.size(), made / seconds);
    }

    @Override
    public void close() throws IOException {
        witness.close();
        if (real != witness) {
            real.close();
        }
    }
}
