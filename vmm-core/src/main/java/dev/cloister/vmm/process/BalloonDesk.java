package dev.cloister.vmm.process;

import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.VmmCodec;
import dev.cloister.vmm.virtio.Balloon;
import dev.cloister.vmm.virtio.BalloonReport;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Answers the daemon's questions about the balloon, each once: when the guest has told of its memory, or without its word after a second.
 * Control thread only; the guest's word may come on any.
 */
final class BalloonDesk {
    private static final long PATIENCE_NANOS = 1_000_000_000L;

    private final Consumer<FromVmm> answers;
    private final AtomicReference<@Nullable Balloon> asked = new AtomicReference<>();
    private long until;

    /**
     * Nothing is asked yet.
     *
     * @param answers takes each answer, on any thread; must not wait
     */
    BalloonDesk(Consumer<FromVmm> answers) {
        this.answers = answers;
    }

    /** Changes the size and asks the guest. */
    void ask(Optional<Balloon> balloon, long bytes) {
        if (balloon.isEmpty()) {
            answers.accept(new FromVmm.Balloon(0, 0, 0, List.of()));
            return;
        }
        Balloon inflated = balloon.get();
        if (bytes != ToVmm.SetBalloon.NO_CHANGE) {
            inflated.setTarget(Math.min(bytes, inflated.most()));
        }
        until = System.nanoTime() + PATIENCE_NANOS;
        asked.set(inflated);
        inflated.describe(this::told);
    }

    private void told(BalloonReport report) {
        if (asked.getAndSet(null) != null) {
            answers.accept(message(report));
        }
    }

    /** Answers for a guest that has kept silent for too long. */
    void look() {
        Balloon silent = asked.get();
        if (silent != null && System.nanoTime() - until >= 0) {
            told(silent.report());
        }
    }

    /** What isn't a count can't be told. */
    private static FromVmm.Balloon message(BalloonReport report) {
        List<FromVmm.MemoryFact> facts = report.guest().entrySet().stream()
                .filter(fact -> fact.getValue() >= 0)
                .limit(VmmCodec.MAX_MEMORY_FACTS)
                .map(fact -> new FromVmm.MemoryFact(fact.getKey().label(), fact.getValue()))
                .toList();
        return new FromVmm.Balloon(report.wanted(), report.actual(), report.returned(), facts);
    }
}
