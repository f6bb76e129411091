package dev.cloister.it.covert;

import dev.cloister.it.bench.BareVmm;
import dev.cloister.it.bench.Board;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ToVmm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A VMM process in the hands of somebody who has the process at the other end too. As the receiver of a flow it signals backwards, as
 * its sender it notes what it sees of that, as pairs of numbers in a file of the flow's name. The program's argument is a folder with
 * the board that tells when an {@link Edge} begins.
 */
public final class CovertVmm extends BareVmm {
    private static final long SYS_MINCORE = 27;
    private static final long FULL = -2;
    private static final long SILENCE_MILLIS = 1000;
    private static final long LOOK_NANOS = 200_000;

    private final Path folder;
    private final Board board;
    private final Map<Integer, Long> asked = new ConcurrentHashMap<>();
    private final List<Long> answers = new ArrayList<>();
    private int openings;

    private CovertVmm(Path folder) throws IOException {
        this.folder = folder;
        this.board = Board.map(folder.resolve("board"));
    }

    public static void main(String[] arguments) throws IOException {
        new CovertVmm(Path.of(arguments[0])).run();
    }

    @Override
    protected void started() {
        // The board says when.
    }

    @Override
    protected void revoked(ToVmm.Revoke revoke) {
        // Nothing is held that would matter.
    }

    @Override
    protected void attached(ToVmm.Attach attach, ChannelConfig channel, List<Fd> fds) throws IOException {
        Edge edge = Edge.of(channel.flow());
        boolean sender = attach.role() == Direction.OUT;
        switch (edge) {
            case CREDIT_ON_OFF -> work(edge, sender ? () -> heed(edge, fds) : () -> onOff(fds));
            case CREDIT_GAPS, LOSS_GAPS -> work(edge, sender ? () -> heed(edge, fds) : () -> gaps(edge, fds));
            case EVENT_FULL -> work(edge, sender ? () -> knock(fds) : () -> clog(fds));
            case DATAGRAM_FULL, LOG_FULL -> work(edge, sender ? () -> fill(edge, fds) : () -> drain(edge, fds));
            case MEMORY_PAGES -> {
                // Only now: soon it is sealed against writable mappings.
                Mapping mapping = sender
                        ? Mapping.writable(fds.getFirst(), 0, channel.window().sizeBytes())
                        : Mapping.readOnly(fds.getFirst(), 0, channel.window().sizeBytes());
                work(edge, sender ? () -> look(mapping) : () -> touch(mapping));
            }
            case OPENING_DELAY -> {
                fds.forEach(Fd::close);
                opening(attach, channel, sender);
            }
        }
    }

    /** What a thread does with its end. */
    private interface Work {
        void run() throws IOException;
    }

    private void work(Edge edge, Work work) {
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (board.get(edge.beginSlot()) == 0) {
                    LockSupport.parkNanos(LOOK_NANOS);
                }
                work.run();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static void awaitMoment(long nanos) {
        for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private void onOff(List<Fd> fds) throws IOException {
        EventFd credit = EventFd.adopt(fds.get(1));
        long begin = board.get(Edge.CREDIT_ON_OFF.beginSlot());
        int[] symbols = Edge.CREDIT_ON_OFF.symbols();
        for (int i = 0; i < symbols.length; i++) {
            awaitMoment(begin + i * Edge.SLOT);
            if (symbols[i] == 1) {
                credit.signal();
            }
        }
    }

    private void gaps(Edge edge, List<Fd> fds) throws IOException {
        EventFd credit = EventFd.adopt(fds.get(1));
        long at = board.get(edge.beginSlot());
        awaitMoment(at);
        credit.signal();
        for (int symbol : edge.symbols()) {
            at += Edge.SLOT + symbol * Edge.STEP;
            awaitMoment(at);
            credit.signal();
        }
    }

    /** Notes when how many credits, or losses, became visible; until all have, or none comes any more. */
    private void heed(Edge edge, List<Fd> fds) throws IOException {
        EventFd visible = EventFd.adopt(fds.get(1));
        int[] symbols = edge.symbols();
        // On and off: one credit for each one. Gaps: one more than there are gaps.
        int wanted =
                edge == Edge.CREDIT_ON_OFF ? java.util.Arrays.stream(symbols).sum() : symbols.length + 1;
        List<Long> seen = new ArrayList<>();
        for (long count = 0; count < wanted; ) {
            if (Poller.await(visible.fd(), Poller.IN, count == 0 ? -1 : SILENCE_MILLIS) == 0) {
                break;
            }
            long now = System.nanoTime();
            long came = visible.drain();
            seen.add(now);
            seen.add(came);
            count += came;
        }
        publish(edge, seen);
    }

    private void clog(List<Fd> fds) throws IOException {
        Fd event = fds.getFirst();
        long begin = board.get(Edge.EVENT_FULL.beginSlot());
        int[] symbols = Edge.EVENT_FULL.symbols();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment eight = arena.allocate(ValueLayout.JAVA_LONG);
            for (int i = 0; i < symbols.length; i++) {
                awaitMoment(begin + i * Edge.EVENT_SLOT);
                Pipe.read(event, eight);
                if (symbols[i] == 1) {
                    eight.set(ValueLayout.JAVA_LONG, 0, FULL);
                    Pipe.write(event, eight);
                }
            }
        }
    }

    /** Signals in the middle of each slot; notes how long that took and whether the signal had been taken by the slot's end. */
    private void knock(List<Fd> fds) throws IOException {
        EventFd event = EventFd.adopt(fds.getFirst());
        long begin = board.get(Edge.EVENT_FULL.beginSlot());
        List<Long> seen = new ArrayList<>();
        for (int i = 0; i < Edge.EVENT_FULL.symbols().length; i++) {
            awaitMoment(begin + i * Edge.EVENT_SLOT + Edge.EVENT_SLOT / 2);
            long before = System.nanoTime();
            event.signal();
            long took = System.nanoTime() - before;
            awaitMoment(begin + (i + 1) * Edge.EVENT_SLOT - Edge.EVENT_SLOT / 10);
            seen.add(took);
            seen.add((long) Poller.await(event.fd(), Poller.IN, 0));
        }
        publish(Edge.EVENT_FULL, seen);
    }

    /** Takes everything, or nothing, at the beginning of each slot. */
    private void drain(Edge edge, List<Fd> fds) throws IOException {
        long begin = board.get(edge.beginSlot());
        int[] symbols = edge.symbols();
        byte[] message = new byte[2 * Linux.PAGE_SIZE];
        for (int i = 0; i < symbols.length; i++) {
            awaitMoment(begin + i * Edge.QUEUE_SLOT);
            while (symbols[i] == 1 && Pipe.read(fds.getFirst(), message, 0, message.length) > 0) {
                // Until nothing is there.
            }
        }
    }

    /** Sends as much as it can in the first half of each slot; notes how much that was and how long the first half of it took. */
    private void fill(Edge edge, List<Fd> fds) throws IOException {
        long begin = board.get(edge.beginSlot());
        byte[] message = new byte[64];
        List<Long> seen = new ArrayList<>();
        for (int i = 0; i < edge.symbols().length; i++) {
            long from = begin + i * Edge.QUEUE_SLOT + Edge.QUEUE_SLOT / 4;
            awaitMoment(from);
            long count = 0;
            long half = 0;
            while (count < Edge.BURST && System.nanoTime() - from < Edge.QUEUE_SLOT / 2) {
                count += Pipe.write(fds.getFirst(), message, 0, message.length) > 0 ? 1 : 0;
                half = count == Edge.BURST / 2 && half == 0 ? System.nanoTime() - from : half;
            }
            seen.add(half);
            seen.add(count);
        }
        publish(edge, seen);
    }

    private void touch(Mapping mapping) throws IOException {
        int[] symbols = Edge.MEMORY_PAGES.symbols();
        long sum = 0;
        for (int i = 0; i < symbols.length; i++) {
            if (symbols[i] == 1) {
                sum += mapping.segment().get(ValueLayout.JAVA_BYTE, (long) i * Linux.PAGE_SIZE);
            }
        }
        say("touched " + sum);
        board.set(Edge.MEMORY_PAGES.doneSlot(), 1);
    }

    /** Whether the file has a page at each place. */
    private void look(Mapping mapping) throws IOException {
        while (board.get(Edge.MEMORY_PAGES.doneSlot()) == 0) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
        int pages = Edge.MEMORY_PAGES.symbols().length;
        List<Long> seen = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment resident = arena.allocate(pages);
            Linux.check(
                    Linux.syscall(
                            SYS_MINCORE,
                            mapping.address(),
                            (long) pages * Linux.PAGE_SIZE,
                            resident.address(),
                            0,
                            0,
                            0),
                    "mincore",
                    "window");
            for (int i = 0; i < pages; i++) {
                seen.add((long) i);
                seen.add((long) resident.get(ValueLayout.JAVA_BYTE, i) & 1);
            }
        }
        publish(Edge.MEMORY_PAGES, seen);
    }

    /** The receiver answers late by its symbol; the sender asks for the channel at once and notes when it was answered. */
    private void opening(ToVmm.Attach attach, ChannelConfig channel, boolean sender) throws IOException {
        if (board.get(Edge.OPENING_DELAY.beginSlot()) == 0) {
            return;
        }
        if (sender) {
            asked.put(attach.epoch(), System.nanoTime());
            send(new FromVmm.Request(attach.epoch(), FlowKind.STREAM, Direction.OUT, channel.peer()));
        } else {
            int[] symbols = Edge.OPENING_DELAY.symbols();
            awaitMoment(System.nanoTime() + symbols[openings++ % symbols.length] * Edge.DELAY);
        }
    }

    @Override
    protected void answered(ToVmm.Answer answer) {
        Long at = asked.remove((int) answer.requestId());
        if (at != null) {
            answers.add(System.nanoTime() - at);
            answers.add((long) answer.status().code());
            try {
                if (answers.size() == 2 * Edge.OPENING_DELAY.symbols().length) {
                    publish(Edge.OPENING_DELAY, answers);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void publish(Edge edge, List<Long> numbers) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(numbers.size() * Long.BYTES);
        numbers.forEach(bytes::putLong);
        Files.write(folder.resolve(edge.flow()), bytes.array());
        board.set(edge.doneSlot(), 2);
    }
}
