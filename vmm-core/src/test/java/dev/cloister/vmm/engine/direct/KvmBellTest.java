package dev.cloister.vmm.engine.direct;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.virtio.QueueBell;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Doorbells on eventfds, rung by the kernel or by this process. */
@Timeout(600)
class KvmBellTest {
    private final List<String> calls = new ArrayList<>();
    private boolean full;

    private final class Recording implements KvmBell.Host {
        @Override
        public void bind(Fd event, long gpa, int value) throws ErrnoException {
            if (full) {
                throw new ErrnoException("KVM_IOEVENTFD", "here", Errno.ENOSPC);
            }
            calls.add("bind " + Long.toHexString(gpa) + of(value));
        }

        @Override
        public void unbind(Fd event, long gpa, int value) {
            calls.add("unbind " + Long.toHexString(gpa) + of(value));
        }
    }

    private static String of(int value) {
        return value == QueueBell.ANY_VALUE ? "" : " = " + value;
    }

    @Test
    void noRingIsLostWhoeverRings() throws Exception {
        int rings = 50_000;
        EventFd event = EventFd.create();
        try (KvmBell bell = new KvmBell(new Recording(), event)) {
            AtomicInteger given = new AtomicInteger();
            Thread here = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < rings; i++) {
                    given.incrementAndGet();
                    bell.ring();
                }
            });
            Thread kernel = Thread.ofPlatform().start(() -> {
                for (int i = 0; i < rings; i++) {
                    given.incrementAndGet();
                    signal(event);
                }
            });
            // Were the last ring lost, this would wait for ever.
            int seen = 0;
            while (seen < 2 * rings) {
                if (bell.take()) {
                    seen = given.get();
                } else {
                    bell.await();
                }
            }
            here.join();
            kernel.join();
        }
    }

    private static void signal(EventFd event) {
        try {
            event.signal();
        } catch (ErrnoException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aBellIsInOnePlaceAtATime() throws Exception {
        try (KvmBell bell = new KvmBell(new Recording(), EventFd.create())) {
            assertThat(bell.place(0x3000, QueueBell.ANY_VALUE)).isEmpty();
            assertThat(bell.place(0x4000, 2)).isEmpty();
            assertThat(bell.place(QueueBell.NOWHERE, QueueBell.ANY_VALUE)).isEmpty();
            assertThat(bell.place(QueueBell.NOWHERE, QueueBell.ANY_VALUE)).isEmpty();
            assertThat(calls).containsExactly("bind 3000", "unbind 3000", "bind 4000 = 2", "unbind 4000 = 2");
            full = true;
            assertThat(bell.place(0x5000, QueueBell.ANY_VALUE)).contains("ENOSPC");
            full = false;
            assertThat(bell.place(QueueBell.NOWHERE, QueueBell.ANY_VALUE)).isEmpty();
            assertThat(calls).as("what is not bound is not unbound").hasSize(4);
        }
    }

    @Test
    void whoRingsLateRingsNobodyElsesDescriptor() throws Exception {
        KvmBell bell = new KvmBell(new Recording(), EventFd.create());
        bell.close();
        // It may well get the number that the bell's had.
        try (EventFd next = EventFd.create()) {
            bell.ring();
            assertThat(next.drain()).isZero();
        }
    }
}
