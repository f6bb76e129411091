package dev.cloister.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DescriptorTest {
    @Test
    void aFailureNamesCallObjectAndErrno() {
        assertThatThrownBy(() -> Linux.openReadOnly("/nonexistent/file"))
                .isInstanceOfSatisfying(ErrnoException.class, e -> {
                    assertThat(e).hasMessage("open(\"/nonexistent/file\") failed: ENOENT (No such file or directory)");
                    assertThat(e.errno()).isEqualTo(Errno.ENOENT);
                    assertThat(e.errnoName()).isEqualTo("ENOENT");
                    assertThat(e.call()).isEqualTo("open");
                    assertThat(e.object()).isEqualTo("\"/nonexistent/file\"");
                });
        assertThat(Errno.name(4711)).isEqualTo("errno 4711");
        assertThat(Errno.name(41)).isEqualTo("errno 41");
        assertThat(Errno.description(Errno.EAGAIN)).isEqualTo("Resource temporarily unavailable");
    }

    @Test
    void aDescriptorClosesOnceAndThenRefusesItsNumber() throws Exception {
        Fd fd = Linux.openReadOnly("/dev/null");
        Fd copy = fd.duplicate();
        assertThat(copy.number()).isNotEqualTo(fd.number());
        fd.close();
        fd.close();
        assertThat(fd.isOpen()).isFalse();
        assertThatIllegalStateException().isThrownBy(fd::number);
        assertThat(copy.isOpen()).isTrue();
        int number = copy.release();
        assertThatIllegalStateException().isThrownBy(copy::release);
        Fd.own(number).close();
        assertThatIllegalArgumentException().isThrownBy(() -> Fd.own(-1));
    }

    @Test
    void everyDescriptorIsCloseOnExec() throws Exception {
        try (Fd file = Linux.openReadOnly("/dev/null");
                Fd copy = file.duplicate();
                Memfd memory = Memfd.create("test", 4096);
                EventFd event = EventFd.create();
                Pipe pipe = Pipe.create();
                MessageSocket.Pair pair = MessageSocket.pair()) {
            Fd[] all = {
                file,
                copy,
                memory.fd(),
                event.fd(),
                pipe.readEnd(),
                pipe.writeEnd(),
                pair.first().fd()
            };
            for (Fd fd : all) {
                assertThat(fd.fcntl(1, 0, "F_GETFD")).as("%s", fd).isEqualTo(1);
            }
        }
    }

    @Test
    void aPipeCarriesBytesOneWayWithoutWaiting() throws Exception {
        try (Pipe pipe = Pipe.create(64 * 1024)) {
            assertThat(pipe.capacity()).isEqualTo(64 * 1024);
            byte[] buffer = new byte[100_000];
            assertThat(Pipe.read(pipe.readEnd(), buffer, 0, 10)).isZero();
            assertThat(Pipe.write(pipe.writeEnd(), "hello".getBytes(StandardCharsets.US_ASCII), 1, 3))
                    .isEqualTo(3);
            assertThat(Pipe.read(pipe.readEnd(), buffer, 2, 100)).isEqualTo(3);
            assertThat(new String(buffer, 2, 3, StandardCharsets.US_ASCII)).isEqualTo("ell");
            assertThat(Pipe.write(pipe.writeEnd(), buffer, 0, buffer.length)).isEqualTo(64 * 1024);
            assertThat(Pipe.write(pipe.writeEnd(), buffer, 0, 1)).isZero();
            assertThatThrownBy(() -> Pipe.write(pipe.readEnd(), buffer, 0, 1)).hasMessageContaining("EBADF");
        }
    }

    @Test
    void aPipeTellsTheEndOfTheStreamAndALostReader() throws Exception {
        try (Pipe pipe = Pipe.create()) {
            pipe.writeEnd().close();
            assertThat(Pipe.read(pipe.readEnd(), new byte[1], 0, 1)).isEqualTo(-1);
        }
        try (Pipe pipe = Pipe.create()) {
            pipe.readEnd().close();
            assertThatThrownBy(() -> Pipe.write(pipe.writeEnd(), new byte[1], 0, 1))
                    .hasMessageContaining("EPIPE");
        }
    }

    @Test
    void anEventCounterAddsUpAndEmpties() throws Exception {
        try (EventFd event = EventFd.create()) {
            assertThat(event.drain()).isZero();
            event.signal();
            event.signal();
            assertThat(event.drain()).isEqualTo(2);
            assertThat(event.drain()).isZero();
        }
    }

    @Test
    void aFullEventCounterTakesFurtherSignalsWithoutFailing() throws Exception {
        try (EventFd event = EventFd.create();
                Arena arena = Arena.ofConfined()) {
            MemorySegment most = arena.allocateFrom(ValueLayout.JAVA_LONG, -2L);
            assertThat(Pipe.write(event.fd(), most)).isEqualTo(8);
            event.signal();
            assertThat(event.drain()).isEqualTo(-2L);
        }
    }

    @Test
    void pollingByNanosecondsNeverEndsEarlyAndFindsWhatIsReady() throws Exception {
        try (EventFd event = EventFd.create();
                Poller poller = new Poller()) {
            int slot = poller.add(event.fd(), Poller.IN);
            assertThat(poller.pollNanos(0)).isZero();
            for (long nanos : new long[] {1, 1_000, 300_000, 2_000_000}) {
                long begun = System.nanoTime();
                assertThat(poller.pollNanos(nanos)).isZero();
                assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(nanos);
            }
            event.signal();
            assertThat(poller.pollNanos(-1)).isEqualTo(1);
            assertThat(poller.ready(slot)).isEqualTo(Poller.IN);
            assertThat(poller.pollNanos(1_000_000_000_000L)).isEqualTo(1);
        }
    }

    @Test
    void pollingFindsWhatIsReadyAndHonoursTheTimeout() throws Exception {
        try (EventFd first = EventFd.create();
                EventFd second = EventFd.create();
                Poller poller = new Poller()) {
            int a = poller.add(first.fd(), Poller.IN);
            int b = poller.add(second.fd(), Poller.IN);
            long start = System.nanoTime();
            assertThat(poller.poll(30)).isZero();
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(30_000_000L);
            second.signal();
            assertThat(poller.poll(-1)).isEqualTo(1);
            assertThat(poller.ready(a)).isZero();
            assertThat(poller.ready(b)).isEqualTo(Poller.IN);
            assertThat(poller.fd(b)).isSameAs(second.fd());
            poller.remove(b);
            assertThat(poller.poll(0)).isZero();
            assertThatIllegalArgumentException().isThrownBy(() -> poller.ready(b));
            assertThat(poller.add(second.fd(), Poller.IN)).isEqualTo(b);
            poller.change(b, 0);
            assertThat(poller.poll(0)).isZero();
        }
    }

    @Test
    void aPollerGrows() throws Exception {
        try (EventFd event = EventFd.create();
                Poller poller = new Poller()) {
            event.signal();
            for (int i = 0; i < 100; i++) {
                assertThat(poller.add(event.fd(), Poller.IN)).isEqualTo(i);
            }
            assertThat(poller.poll(0)).isEqualTo(100);
            assertThat(poller.ready(99)).isEqualTo(Poller.IN);
        }
    }

    @Test
    void aBlockedSignalWaitsInTheQueueOfItsThread() throws Exception {
        int signal = 50;
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch sent = new CountDownLatch(1);
        int[] result = new int[3];
        int[] tid = new int[1];
        Throwable[] failure = new Throwable[1];
        Thread thread = Thread.ofPlatform().start(() -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment set = arena.allocateFrom(ValueLayout.JAVA_LONG, Threads.bit(signal));
                Threads.block(signal);
                tid[0] = Threads.gettid();
                blocked.countDown();
                assertThat(sent.await(10, TimeUnit.SECONDS)).isTrue();
                assertThat(Threads.mask() & Threads.bit(signal)).isNotZero();
                result[0] = Threads.takePending(set);
                result[1] = Threads.takePending(set);
                result[2] = Threads.takePending(set);
                Threads.unblock(signal);
            } catch (ErrnoException | InterruptedException | AssertionError e) {
                failure[0] = e;
            }
        });
        assertThat(blocked.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(Threads.tgkill(tid[0], signal)).isZero();
        assertThat(Threads.tgkill(tid[0], signal)).isZero();
        sent.countDown();
        thread.join();
        assertThat(failure[0]).isNull();
        assertThat(result).containsExactly(signal, signal, -Errno.EAGAIN);
        assertThatIllegalArgumentException().isThrownBy(() -> Threads.bit(65));
    }

    @Test
    void processControlsReadBackWhatWasSet() throws Exception {
        assertThat(Prctl.dumpable()).isTrue();
        Prctl.setDumpable(false);
        assertThat(Prctl.dumpable()).isFalse();
        Prctl.setDumpable(true);
        Prctl.setParentDeathSignal(0);
        assertThat(Prctl.parentPid())
                .isEqualTo((int) ProcessHandle.current().parent().orElseThrow().pid());
        boolean[] set = new boolean[1];
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                // Bound to this thread and what it starts: the rest of the test run stays as it is.
                Prctl.setNoNewPrivileges();
                set[0] = Prctl.noNewPrivileges();
            } catch (ErrnoException e) {
                throw new AssertionError(e);
            }
        });
        thread.join();
        assertThat(set[0]).isTrue();
    }

    @Test
    void nothingStaysOpen() throws Exception {
        assertThat(Descriptors.leakedBy(() -> {
                    try (Memfd memory = Memfd.create("test", 8192);
                            Fd readOnly = memory.reopenReadOnly();
                            Mapping one = Mapping.writable(memory.fd(), 0, 8192);
                            Mapping two = Mapping.readOnly(readOnly, 0, 4096);
                            EventFd event = EventFd.create();
                            Pipe pipe = Pipe.create(4096);
                            MessageSocket.Pair pair = MessageSocket.pair()) {
                        pair.first().send(new byte[] {1}, java.util.List.of(event.fd(), pipe.readEnd()));
                        pair.second().receive().orElseThrow().closeFds();
                        assertThat(one.size() + two.size()).isEqualTo(12288);
                    }
                    // An error on the way must not leave the first half behind.
                    assertThatThrownBy(() -> Pipe.create(Integer.MAX_VALUE)).isInstanceOf(ErrnoException.class);
                }))
                .isZero();
    }
}
