package dev.cloister.kvm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KickTest {
    private static final int JMP_SELF_1 = 0xeb;
    private static final int JMP_SELF_2 = 0xfe;

    @Test
    void aKickBeforeRunCounts() throws Exception {
        try (Guest guest = Guest.realMode(JMP_SELF_1, JMP_SELF_2)) {
            guest.vcpu.kick();
            guest.vcpu.bind();
            assertThat(guest.vcpu.run()).isEqualTo(-Errno.EINTR);
            guest.vcpu.kick();
            guest.vcpu.kick();
            assertThat(guest.vcpu.run()).isEqualTo(-Errno.EINTR);
            KvmRun.setImmediateExit(guest.vcpu.runArea(), true);
            assertThat(guest.vcpu.run()).isEqualTo(-Errno.EINTR);
            guest.vcpu.unbind();
        }
    }

    @Test
    void unbindingWithAKickOnTheWayDoesNotHurtTheThread() throws Exception {
        try (Guest guest = Guest.realMode(JMP_SELF_1, JMP_SELF_2)) {
            for (int i = 0; i < 100; i++) {
                guest.vcpu.bind();
                guest.vcpu.kick();
                guest.vcpu.unbind();
            }
            guest.vcpu.kick();
        }
    }

    @Test
    void aSpinningGuestIsKickedOutByEverybody() throws Exception {
        try (Guest guest = Guest.realMode(JMP_SELF_1, JMP_SELF_2)) {
            everybodyKicks(guest);
        }
    }

    @Test
    void aHaltedGuestIsKickedOutByEverybody() throws Exception {
        // hlt with interrupts off and the LAPIC in the kernel: only a kick brings the thread back.
        try (Guest guest = Guest.withIrqChip(0xfa, 0xf4, 0xeb, 0xfd)) {
            everybodyKicks(guest);
        }
    }

    /** 32 threads, each: raise its number, kick, and wait until the vCPU thread has seen it. A lost kick hangs, and times out. */
    private static void everybodyKicks(Guest guest) throws Exception {
        int threads = 32;
        int rounds = 25;
        AtomicIntegerArray asked = new AtomicIntegerArray(threads);
        AtomicIntegerArray seen = new AtomicIntegerArray(threads);
        List<Semaphore> answers =
                Stream.generate(() -> new Semaphore(0)).limit(threads).toList();
        AtomicReference<String> failure = new AtomicReference<>();
        Thread runner = Thread.ofPlatform().start(() -> {
            try {
                guest.vcpu.bind();
                int total = 0;
                while (total < threads * rounds && failure.get() == null) {
                    int result = guest.vcpu.run();
                    if (result != -Errno.EINTR) {
                        failure.set("run returned " + result);
                    }
                    total = answer(asked, seen, answers);
                }
                guest.vcpu.unbind();
            } catch (ErrnoException e) {
                failure.set(e.getMessage());
            }
        });
        List<Thread> kickers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int self = i;
            kickers.add(Thread.ofPlatform().start(() -> {
                for (int round = 1; round <= rounds && failure.get() == null; round++) {
                    asked.set(self, round);
                    guest.vcpu.kick();
                    if (!answered(answers.get(self))) {
                        failure.compareAndSet(null, "kick " + round + " of thread " + self + " was lost");
                    }
                }
            }));
        }
        for (Thread kicker : kickers) {
            kicker.join();
        }
        guest.vcpu.kick();
        runner.join();
        assertThat(failure.get()).isNull();
    }

    private static int answer(AtomicIntegerArray asked, AtomicIntegerArray seen, List<Semaphore> answers) {
        int total = 0;
        for (int i = 0; i < asked.length(); i++) {
            int now = asked.get(i);
            if (now != seen.get(i)) {
                seen.set(i, now);
                answers.get(i).release();
            }
            total += now;
        }
        return total;
    }

    private static boolean answered(Semaphore semaphore) {
        try {
            return semaphore.tryAcquire(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
