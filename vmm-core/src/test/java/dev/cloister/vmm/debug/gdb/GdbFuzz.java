package dev.cloister.vmm.debug.gdb;

import dev.cloister.vmm.debug.Debugger;
import dev.cloister.vmm.debug.StopEvent;
import dev.cloister.vmm.debug.StopPlan;
import dev.cloister.vmm.debug.StopPoint;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The fuzzer's target for the GDB stub: what Jazzer runs, which finds the method by its name. The input is a peer that knows the protocol and makes
 * mistakes, and a guest that stops now and then; one vCPU is in real mode, the other in 64-bit mode with page tables in the memory that the peer
 * writes. Whatever they do: nothing is thrown; each packet gets at most one reply, well framed; memory changes only by a write that was
 * confirmed, and no more of it than was asked for; registers change only by one that was; stop points go with the peer.
 */
public final class GdbFuzz {
    private static final int TABLES = 0x8000;
    private static final int TOTAL = FakeMachine.MEMORY + FakeMachine.PAGE;
    private static final RegisterSet SET = new RegisterSet(64);
    private static final StopPoint OWN = new StopPoint(StopPoint.Kind.EXECUTE, 0x42, 1);
    private static final String[] FIXED = {
        "?",
        "g",
        "c",
        "s",
        "C05",
        "S05",
        "D",
        "k",
        "vCont?",
        "vKill;1",
        "qC",
        "qfThreadInfo",
        "qsThreadInfo",
        "qAttached",
        "qSupported:swbreak+;hwbreak+",
        "QStartNoAckMode",
        "qSymbol::",
        "!"
    };
    private static final String[] MONITOR = {"bits 32", "bits 16", "bits 64", "registers", "help", "gpa ", "translate "
    };
    private static final String DIGITS = "0123456789abcdef,:;=-xX#$}*";

    private final ByteBuffer in;
    private final FakeMachine machine = new FakeMachine(2);
    private final Debugger debugger = new Debugger(machine, 2);
    private final ReplyWriter writer = new ReplyWriter();
    private final GdbSession session = new GdbSession(debugger, writer);
    private PacketReader reader = new PacketReader();
    private boolean here;
    private byte[] before = new byte[TOTAL];
    /** How many packets got an answer other than an error. */
    private int answered;

    private GdbFuzz(byte[] input) {
        in = ByteBuffer.wrap(input);
    }

    /** Plays an input. */
    public static void fuzzerTestOneInput(byte[] data) {
        play(data);
    }

    /** Plays an input; returns how many packets got an answer other than an error. */
    static int play(byte[] data) {
        GdbFuzz fuzz = new GdbFuzz(data);
        fuzz.run();
        return fuzz.answered;
    }

    private int next() {
        return in.hasRemaining() ? in.get() & 0xff : 0;
    }

    private void run() {
        machine.turnPagingOn(machine.states.get(1), TABLES);
        debugger.setPlan(Objects.requireNonNull(StopPlan.EMPTY.with(OWN)));
        before = memory();
        come();
        while (in.hasRemaining()) {
            step(next());
        }
        leave();
    }

    private void step(int kind) {
        switch (kind % 16) {
            case 0 -> raw();
            case 1 -> session.interrupt();
            case 2, 3 -> stop();
            case 4 -> {
                if (kind > 0xe0) {
                    leave();
                    come();
                }
            }
            default -> send(packet(kind % 16));
        }
        if (session.isPeerDone()) {
            leave();
            come();
        }
        require(Arrays.equals(before, memory()), "memory has changed by itself");
        checked("");
    }

    private void come() {
        reader = new PacketReader();
        writer.reset();
        session.peerCame();
        here = true;
    }

    private void leave() {
        if (here) {
            session.peerWent();
            here = false;
        }
        require(debugger.plan().points().equals(List.of(OWN)), "stop points outlive the peer");
    }

    private void stop() {
        StopEvent.Kind kind = StopEvent.Kind.values()[next() % StopEvent.Kind.values().length];
        List<StopPoint> points = debugger.plan().points();
        StopPoint point = points.get(next() % points.size());
        String text = kind == StopEvent.Kind.FAULT ? "x".repeat(next() * 64) : "";
        debugger.stop(new StopEvent(kind, next() % 2, point, point.address() + next() % 3 - 1, text));
        StopEvent event = debugger.next();
        if (event != null) {
            session.guestStopped(event);
        }
    }

    /** Bytes that may be anything. */
    private void raw() {
        int length = next();
        for (int i = 0; i < length && in.hasRemaining(); i++) {
            take((byte) next());
        }
    }

    private String packet(int kind) {
        String text = switch (kind) {
            case 5 -> FIXED[next() % FIXED.length];
            case 6 -> "m" + number() + "," + Integer.toHexString(next() * 40);
            case 7 -> write('M');
            case 8 -> write('X');
            case 9 -> "p" + Integer.toHexString(next() % 90);
            case 10 -> "P" + Integer.toHexString(next() % 90) + "=" + bytes(4 << next() % 3);
            case 11 -> "Z" + next() % 5 + "," + number() + "," + next() % 9;
            case 12 -> "z" + next() % 5 + "," + number() + "," + next() % 9;
            case 13 -> "H" + (next() % 2 == 0 ? "g" : "c") + (next() % 4 - 1);
            case 14 -> "vCont;" + "cCsS".charAt(next() % 4) + (next() % 2 == 0 ? "" : ":" + next() % 3);
            default -> query();
        };
        return next() % 8 == 0 ? spoilt(text) : text;
    }

    private String query() {
        int kind = next();
        return switch (kind % 4) {
            case 0 -> "qXfer:features:read:target.xml:" + Integer.toHexString(next() * 200) + "," + number();
            case 1 -> "qThreadExtraInfo," + next() % 4;
            case 2 -> "G" + spoiltRegisters();
            default -> {
                String line = MONITOR[next() % MONITOR.length];
                yield "qRcmd," + Hex.of(line.endsWith(" ") ? line + number() : line);
            }
        };
    }

    private String spoiltRegisters() {
        send("g");
        String all = new String(writer.last(), StandardCharsets.ISO_8859_1);
        char[] digits = all.substring(1, Math.max(1, all.length() - 3)).toCharArray();
        for (int i = next() % 4; i > 0 && digits.length > 0; i--) {
            digits[(next() << 8 | next()) % digits.length] = DIGITS.charAt(next() % 16);
        }
        return new String(digits);
    }

    private String number() {
        int kind = next();
        long value = switch (kind % 8) {
            case 0 -> in.remaining() < Long.BYTES ? -1 : in.getLong();
            case 1 -> FakeMachine.ROM + next();
            case 2 -> FakeMachine.MEMORY - next() % 0x20;
            case 3 -> -1L - next() % 8;
            case 4 -> TABLES + next() * 0x40L;
            default -> next() << 8 | next();
        };
        return Long.toHexString(value);
    }

    private String write(char command) {
        int length = next() % 8 == 0 ? next() * 40 : next() % 40;
        StringBuilder text =
                new StringBuilder().append(command).append(number()).append(',');
        text.append(Integer.toHexString(length)).append(':');
        if (command == 'M') {
            return text.append(bytes(length)).toString();
        }
        for (int i = 0; i < length; i++) {
            int value = next();
            boolean special = value == '#' || value == '$' || value == '}' || value == '*';
            text.append(special ? "}" : "").append((char) (special ? value ^ 0x20 : value));
        }
        return text.toString();
    }

    private String bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) next();
        }
        return Hex.of(bytes, 0, length);
    }

    private String spoilt(String text) {
        StringBuilder all = new StringBuilder(text);
        int at = next() % (text.length() + 1);
        switch (next() % 4) {
            case 0 -> all.setLength(at);
            case 1 -> all.insert(at, DIGITS.charAt(next() % DIGITS.length()));
            case 2 -> all.insert(at, (char) next());
            default -> all.deleteCharAt(Math.min(at, Math.max(0, text.length() - 1)));
        }
        return all.toString();
    }

    private void send(String text) {
        int sum = 0;
        take((byte) '$');
        for (int i = 0; i < text.length(); i++) {
            sum += text.charAt(i);
            take((byte) text.charAt(i));
        }
        take((byte) '#');
        take((byte) Character.forDigit(sum >> 4 & 15, 16));
        take((byte) Character.forDigit(sum & 15, 16));
    }

    /** As the stub's thread does. */
    private void take(byte value) {
        switch (reader.take(value)) {
            case PACKET -> {
                String registers = registers();
                String text = reader.text();
                checked("");
                session.packet(text);
                judge(text, checked(text), registers);
            }
            case DAMAGED -> writer.acknowledge(false);
            case TOO_LONG -> writer.reply("E02");
            case REPEAT -> writer.repeat();
            case INTERRUPT -> session.interrupt();
            case NONE, GARBAGE -> {}
        }
    }

    /** Looks at all that was sent; returns the last reply, or the empty text. */
    private String checked(String packet) {
        String sent = new String(writer.bytes(), writer.position(), writer.pending(), StandardCharsets.ISO_8859_1);
        writer.sent(writer.pending());
        String last = "";
        int replies = 0;
        int at = 0;
        while (at < sent.length()) {
            char first = sent.charAt(at);
            if (first == '+' || first == '-') {
                at++;
                continue;
            }
            int end = sent.indexOf('#', at);
            require(first == '$' && end > 0 && end + 2 < sent.length(), "a reply that is none: " + sent);
            last = sent.substring(at + 1, end);
            int sum = last.chars().sum() & 0xff;
            require(sent.substring(end + 1, end + 3).equals("%02x".formatted(sum)), "a wrong sum: " + sent);
            require(last.length() <= PacketReader.MOST, "a reply of " + last.length());
            replies++;
            at = end + 3;
        }
        require(packet.isEmpty() || replies <= 1, replies + " replies to " + packet);
        return last;
    }

    private void judge(String text, String reply, String registers) {
        boolean error = reply.matches("E[0-9a-f]{2}");
        answered += error || reply.isEmpty() ? 0 : 1;
        boolean writesMemory = !text.isEmpty() && "MX".indexOf(text.charAt(0)) >= 0;
        boolean writesRegisters = !text.isEmpty() && "GP".indexOf(text.charAt(0)) >= 0;
        byte[] now = memory();
        int changed = 0;
        for (int at = Arrays.mismatch(before, now); at >= 0; at = next(now, at + 1)) {
            changed++;
            require(at < FakeMachine.MEMORY, "ROM was written by " + text);
        }
        int length = text.indexOf(':') - text.indexOf(',');
        int most =
                changed == 0 || length < 2 ? 0 : Integer.parseInt(text, text.indexOf(',') + 1, text.indexOf(':'), 16);
        require(changed <= most && (changed == 0 || writesMemory && reply.equals("OK")), changed + " bytes by " + text);
        before = now;
        boolean same = registers.equals(registers());
        require(same || writesRegisters && reply.equals("OK"), "registers changed by " + text + ": " + reply);
        require(debugger.plan().points().size() <= StopPlan.MOST, "too many stop points");
    }

    private int next(byte[] now, int from) {
        int at = Arrays.mismatch(before, from, TOTAL, now, from, TOTAL);
        return at < 0 ? at : from + at;
    }

    private byte[] memory() {
        byte[] bytes = new byte[TOTAL];
        machine.memory.read(0, bytes, 0, FakeMachine.MEMORY);
        machine.memory.read(FakeMachine.ROM, bytes, FakeMachine.MEMORY, FakeMachine.PAGE);
        return bytes;
    }

    private String registers() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < machine.states.size(); i++) {
            text.append(SET.readAll(machine.targets().get(i), machine.states.get(i)));
            text.append(machine.states.get(i).cr2())
                    .append(machine.states.get(i).cr3());
        }
        return text.toString();
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }
}
