package dev.cloister.it.attack;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Mapping;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.linux.SystemCalls;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ViolationKind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;

/** What the rogue does when told to, inside its sandbox. */
final class Attempts {
    private static final Map<String, Mapping> MAPPINGS = new ConcurrentHashMap<>();
    private static final int FLOOD = 50_000;
    private static final int PATIENCE_MILLIS = 1500;
    private static final long SYS_GETPID = 39;
    private static final long SYS_GETTID = 186;
    private static final long SYS_TGKILL = 234;
    private static final long SYS_MPROTECT = 10;
    private static final long SYS_MMAP = 9;
    private static final int SIGSTOP = 19;
    private static final int READ_WRITE = 3;
    private static final int PRIVATE_ANONYMOUS = 0x22;
    private static final long PIECE = 16L << 20;
    /** Far above what a process may have, and below what the host has. */
    private static final long MOST_MEMORY = 3L << 30;

    private static final int MOST_THREADS = 3000;

    private final RogueVmm vmm;
    private final Fd kvm;
    private final MemorySegment page = Arena.global().allocate(Linux.PAGE_SIZE, Linux.PAGE_SIZE);

    Attempts(RogueVmm vmm, Fd kvm) {
        this.vmm = vmm;
        this.kvm = kvm;
    }

    /** Maps a region that was given, as far as it may be. */
    static void map(RogueVmm.End end) throws IOException {
        if (end.channel().kind() == FlowKind.MEMORY) {
            Fd memory = end.fds().getFirst();
            MAPPINGS.put(
                    end.channel().flow(),
                    end.out()
                            ? Mapping.writable(memory, 0, end.channel().window().sizeBytes())
                            : Mapping.readOnly(memory, 0, end.channel().window().sizeBytes()));
        }
    }

    /** Uses everything of a channel that was taken away; tells how that went. */
    static String use(RogueVmm.End end) {
        StringBuilder told = new StringBuilder();
        for (Fd fd : end.fds()) {
            told.append(' ').append(tried("write", () -> {
                byte[] one = {1, 0, 0, 0, 0, 0, 0, 0};
                for (int i = 0; i < 100; i++) {
                    Pipe.write(fd, one, 0, one.length);
                }
            }));
        }
        Mapping mapping = MAPPINGS.get(end.channel().flow());
        if (mapping != null) {
            told.append(" memory ").append(touch(mapping));
        }
        return told.toString();
    }

    /** Touches it until the daemon has taken the pages away. */
    private static String touch(Mapping mapping) {
        long until = System.nanoTime() + PATIENCE_MILLIS * 10_000_000L;
        while (System.nanoTime() < until) {
            try {
                mapping.segment().get(ValueLayout.JAVA_BYTE, 0);
            } catch (InternalError e) {
                return "gone";
            }
        }
        return "STILL THERE";
    }

    /** Does what a line says. */
    void attempt(String line) throws IOException {
        String[] words = line.split(" ");
        if (words[0].equals("call")) {
            call(words);
        } else {
            act(words[1]);
            vmm.say("did " + words[1]);
        }
    }

    private void call(String[] words) {
        long number = Character.isDigit(words[1].charAt(0)) ? Long.decode(words[1]) : SystemCalls.number(words[1]);
        long[] values = new long[6];
        for (int i = 2; i < words.length; i++) {
            values[i - 2] = value(words[i]);
        }
        long result = Linux.syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
        vmm.say(words[1] + " -> " + tried(() -> Linux.check(result, words[1], "it")));
    }

    private long value(String word) {
        if (word.startsWith("text:")) {
            String text = word.substring("text:".length()).replace("{region}", Integer.toString(region().number()));
            return Arena.global().allocateFrom(text).address();
        }
        return switch (word) {
            case "page" -> page.address();
            case "{region}" -> region().number();
            case "{own}" -> vmm.end("r-memory").fds().getFirst().number();
            case "{kvm}" -> kvm.number();
            default -> Long.decode(word);
        };
    }

    private Fd region() {
        return vmm.end("tap").fds().getFirst();
    }

    private interface Try {
        void run() throws IOException;
    }

    private static String tried(String what, Try attempt) {
        return what + " " + tried(attempt);
    }

    private static String tried(Try what) {
        try {
            what.run();
            return "DONE";
        } catch (ErrnoException e) {
            return e.errnoName();
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private void act(String word) throws IOException {
        if (word.startsWith("flood-")) {
            flood(word.substring("flood-".length()));
        } else if (word.startsWith("exhaust-")) {
            exhaust(word.substring("exhaust-".length()));
        } else if (word.endsWith("-writable")) {
            writable();
        } else if (!speak(word)) {
            misbehave(word);
        }
    }

    /** Says what it may not say now, or not so; returns whether it knows the word. */
    private boolean speak(String word) throws IOException {
        switch (word) {
            case "garbage" -> vmm.control().send(random(57));
            case "short-frame" -> vmm.control().send(new byte[] {1});
            case "long-frame" -> Pipe.write(vmm.control().fd(), random(100_000), 0, 100_000);
            case "forge-attached" -> vmm.send(new FromVmm.Attached(9, 1));
            case "attached-twice" ->
                vmm.send(new FromVmm.Attached(0, zero().attach().epoch()));
            case "forge-revoked" ->
                vmm.send(new FromVmm.Revoked(0, zero().attach().epoch()));
            case "forge-status" -> vmm.send(RogueVmm.status(List.of(new FromVmm.ChannelCounters(9, 1, 0, 0))));
            case "confined-twice" -> vmm.send(new FromVmm.Confined(""));
            case "ready-twice" -> vmm.send(new FromVmm.Ready());
            case "started-twice" -> vmm.send(new FromVmm.Started(1));
            case "forge-sender" -> {
                vmm.send(new FromVmm.Request(1, FlowKind.MEMORY, Direction.IN, "reader"));
                vmm.send(new FromVmm.Request(2, FlowKind.MEMORY, Direction.OUT, "writer"));
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Whatever channel is first in the directory. */
    private RogueVmm.End zero() {
        return Scene.ROGUE_FLOWS.stream()
                .map(vmm::end)
                .filter(end -> end.channel().index() == 0)
                .findFirst()
                .orElseThrow();
    }

    private void misbehave(String word) throws IOException {
        switch (word) {
            case "exited-twice" -> {
                vmm.send(new FromVmm.Exited(0, "{}"));
                vmm.send(new FromVmm.Exited(0, "{}"));
                forever();
            }
            case "stop-itself" -> {
                vmm.say("in stop-itself");
                Linux.syscall(
                        SYS_TGKILL,
                        Linux.syscall(SYS_GETPID, 0, 0, 0, 0, 0, 0),
                        Linux.syscall(SYS_GETTID, 0, 0, 0, 0, 0, 0),
                        SIGSTOP,
                        0,
                        0,
                        0);
            }
            case "spin" -> spin();
            case "use-kept" -> Scene.ROGUE_FLOWS.forEach(flow -> vmm.say("kept " + flow + use(vmm.end(flow))));
            default -> throw new IllegalArgumentException(word);
        }
    }

    /** Does nothing any more. */
    static void forever() throws IOException {
        Poller.await(EventFd.create().fd(), Poller.IN, -1);
    }

    private void spin() {
        long until = System.nanoTime() + PATIENCE_MILLIS * 1_000_000L;
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.ofPlatform().daemon().start(() -> {
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
            }));
        }
        for (Thread thread : threads) {
            joined(thread);
        }
    }

    private static void joined(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void writable() {
        RogueVmm.End tap = vmm.end("tap");
        vmm.say("map -> " + tried(() -> Mapping.writable(tap.fds().getFirst(), 0, Linux.PAGE_SIZE)));
        Mapping mapping = MAPPINGS.get("tap");
        vmm.say("mprotect -> "
                + tried(() -> Linux.check(
                        Linux.syscall(SYS_MPROTECT, mapping.address(), Linux.PAGE_SIZE, READ_WRITE, 0, 0, 0),
                        "mprotect",
                        "window")));
    }

    private void flood(String with) throws IOException {
        switch (with) {
            case "violations" -> messages(new FromVmm.Violation(ViolationKind.READ_ONLY_WRITE, "gpa 0"));
            case "status" -> messages(RogueVmm.status(List.of()));
            case "requests" -> messages(new FromVmm.Request(1, FlowKind.MEMORY, Direction.OUT, "writer"));
            case "log" -> pour(Fd.own(1));
            case "serial" -> pour(vmm.serial());
            case "bell" -> {
                Fd bell = vmm.end("r-bell").fds().getFirst();
                for (int i = 0; i < FLOOD; i++) {
                    EventFd.adopt(bell).signal();
                }
            }
            case "stream" -> pour(vmm.end("r-pour").fds().getFirst());
            case "mail" -> pour(vmm.end("r-mail").fds().getFirst());
            default -> throw new IllegalArgumentException(with);
        }
    }

    private void messages(FromVmm message) throws IOException {
        byte[] frame = RogueVmm.bytes(message);
        for (int i = 0; i < FLOOD; i++) {
            vmm.control().send(frame);
        }
    }

    /** As much as the other side takes in its time. */
    private static void pour(Fd into) throws IOException {
        byte[] junk = random(4096);
        junk[junk.length - 1] = '\n';
        int length = 0;
        long until = System.nanoTime() + PATIENCE_MILLIS * 1_000_000L;
        while (System.nanoTime() < until) {
            length = length % junk.length + 64;
            if (Pipe.write(into, junk, junk.length - length, length) == 0) {
                Poller.await(into, Poller.OUT, PATIENCE_MILLIS);
            }
        }
    }

    private void exhaust(String what) throws IOException {
        switch (what) {
            case "heap" -> {
                List<byte[]> hoard = new ArrayList<>();
                try {
                    while (hoard.size() < Integer.MAX_VALUE) {
                        hoard.add(new byte[1 << 20]);
                    }
                } catch (OutOfMemoryError e) {
                    hoard.clear();
                    vmm.say("heap -> OutOfMemoryError");
                }
            }
            case "memory" -> memory();
            case "descriptors" -> {
                List<EventFd> hoard = new ArrayList<>();
                try {
                    while (hoard.size() < FLOOD) {
                        hoard.add(EventFd.create());
                    }
                } catch (ErrnoException e) {
                    hoard.forEach(EventFd::close);
                    vmm.say("descriptors -> " + e.errnoName());
                }
            }
            case "threads" -> threads();
            default -> throw new IllegalArgumentException(what);
        }
    }

    private void memory() {
        List<Long> pieces = new ArrayList<>();
        String end = "UNBOUNDED";
        while (pieces.size() * PIECE < MOST_MEMORY) {
            long piece = Linux.syscall(SYS_MMAP, 0, PIECE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
            if (piece < 0 && piece > -Linux.PAGE_SIZE) {
                end = "REFUSED";
                break;
            }
            MemorySegment.ofAddress(piece).reinterpret(PIECE).fill((byte) 1);
            pieces.add(piece);
        }
        for (long piece : pieces) {
            Linux.syscall(SystemCalls.number("munmap"), piece, PIECE, 0, 0, 0, 0);
        }
        vmm.say("memory -> " + end);
    }

    private void threads() {
        List<Thread> threads = new ArrayList<>();
        Object gate = new Object();
        String end = "UNBOUNDED";
        try {
            synchronized (gate) {
                while (threads.size() < MOST_THREADS) {
                    threads.add(Thread.ofPlatform().daemon().start(() -> {
                        synchronized (gate) {
                            gate.notifyAll();
                        }
                    }));
                }
            }
        } catch (OutOfMemoryError e) {
            end = "OutOfMemoryError";
        }
        threads.forEach(Attempts::joined);
        vmm.say("threads -> " + end);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(4).nextBytes(bytes);
        return bytes;
    }
}
