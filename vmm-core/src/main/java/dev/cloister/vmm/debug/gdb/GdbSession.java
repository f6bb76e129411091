package dev.cloister.vmm.debug.gdb;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.linux.ErrnoException;
import dev.cloister.vmm.debug.DebugTarget;
import dev.cloister.vmm.debug.Debugger;
import dev.cloister.vmm.debug.Debugger.Action;
import dev.cloister.vmm.debug.GuestView;
import dev.cloister.vmm.debug.StopEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the peer asks and what it gets (GDB manual, E.2 to E.6): all-stop mode, one thread for each vCPU, thread numbers from 1. Used by
 * the stub's thread.
 */
final class GdbSession {
    private static final String OK = "OK";
    private static final String ERROR_REFUSED = "E0d";
    private static final String ERROR_MEMORY = "E0e";
    private static final String ERROR_MALFORMED = "E16";
    private static final String ERROR_RUNNING = "E10";
    private static final int SIGNAL_INTERRUPT = 2;
    private static final int SIGNAL_TRAP = 5;
    private static final int SIGNAL_FAULT = 11;
    private static final List<String> REHEARSAL = List.of(
            "qSupported:swbreak+",
            "vMustReplyEmpty",
            "?",
            "Hg0",
            "qfThreadInfo",
            "qsThreadInfo",
            "qC",
            "vCont?",
            "qXfer:features:read:target.xml:0,fff",
            "g",
            "p0",
            "m0,4",
            "qThreadExtraInfo,1",
            "!");
    private static final int LONGEST_READ = PacketReader.MOST / 2;

    private final Debugger debugger;
    private final ReplyWriter writer;
    private final GuestView view;
    private final PeerStops stops;
    private final Map<Integer, RegisterSet> sets =
            Map.of(64, new RegisterSet(64), 32, new RegisterSet(32), 16, new RegisterSet(16));
    private final MonitorCommands monitor;
    private RegisterSet registers = set(64);
    private int bitsWanted;
    private @Nullable StopEvent stopped;
    private int selected;
    private boolean here;
    private boolean waits;
    private boolean asked;
    private boolean done;

    GdbSession(Debugger debugger, ReplyWriter writer) {
        this.debugger = debugger;
        this.writer = writer;
        this.view = new GuestView(debugger.machine());
        this.stops = new PeerStops(debugger);
        this.monitor = new MonitorCommands(debugger.machine(), view);
    }

    /** A peer is connected: the guest is to stand still for it. */
    void peerCame() {
        here = true;
        done = false;
        waits = false;
        selected = 0;
        if (stopped == null) {
            debugger.stop(StopEvent.of(StopEvent.Kind.ASKED, 0));
        }
    }

    /**
     * Answers, for nobody, what every peer asks first: a peer that waits two seconds for its first answer repeats its question, and code
     * that never ran may take as long on a host that is busy. The guest stands still.
     */
    void rehearse() {
        for (String question : REHEARSAL) {
            packet(question);
            writer.reset();
        }
    }

    /** The peer has gone; its stop points go with it. */
    void peerWent() {
        here = false;
        waits = false;
        stops.clear();
    }

    /** Whether the connection is to be closed. */
    boolean isPeerDone() {
        return done;
    }

    /** The guest stands still. */
    void guestStopped(StopEvent event) {
        stopped = event;
        selected = event.vcpu();
        if (here && waits) {
            waits = false;
            if (!event.text().isEmpty()) {
                writer.reply("O" + Hex.of(event.text() + "\n"));
            }
            writer.reply(stopReply(event));
        }
    }

    /** The guest has ended. */
    void guestEnded() {
        if (here && waits) {
            writer.reply("W%02x".formatted(debugger.machine().exitCode()));
        }
        done = true;
    }

    /** The peer's Ctrl-C. */
    void interrupt() {
        if (stopped == null) {
            asked = true;
            debugger.stop(StopEvent.of(StopEvent.Kind.ASKED, selected));
        }
    }

    private String stopReply(StopEvent event) {
        boolean byPeer = asked && event.kind() == StopEvent.Kind.ASKED;
        asked = false;
        int signal = event.kind() == StopEvent.Kind.FAULT ? SIGNAL_FAULT : byPeer ? SIGNAL_INTERRUPT : SIGNAL_TRAP;
        return "T%02x%sthread:%x;".formatted(signal, stops.reason(event, target(event.vcpu())), event.vcpu() + 1);
    }

    /** Handles one packet. */
    void packet(String text) {
        if (stopped == null && !awaitFirstStop() && !text.equals("k") && !text.startsWith("vKill")) {
            writer.reply(ERROR_RUNNING);
            return;
        }
        try {
            String reply = answer(text);
            if (reply != null) {
                writer.reply(reply);
            }
        } catch (BadPacket | IndexOutOfBoundsException e) {
            writer.reply(ERROR_MALFORMED);
        } catch (ErrnoException e) {
            writer.reply(ERROR_REFUSED);
        }
    }

    /** A peer that has just come asks before the guest stands still for it: it will in a moment. */
    private boolean awaitFirstStop() {
        if (waits) {
            return false;
        }
        StopEvent event = debugger.next();
        if (event != null) {
            guestStopped(event);
        }
        return stopped != null;
    }

    private @Nullable String answer(String text) throws BadPacket, ErrnoException {
        if (text.isEmpty()) {
            return control(0, "");
        }
        char command = text.charAt(0);
        String rest = text.substring(1);
        if ("gGpP".indexOf(command) >= 0) {
            return registers(command, rest);
        }
        if ("mMX".indexOf(command) >= 0) {
            return memory(command, rest);
        }
        return switch (command) {
            case 'Z', 'z' -> stops.change(rest, command == 'Z');
            case 'q', 'Q' -> query(text);
            case 'v' -> verbose(text);
            default -> control(command, rest);
        };
    }

    private @Nullable String control(int command, String rest) throws BadPacket {
        return switch (command) {
            case '?' -> stopped == null ? ERROR_RUNNING : stopReply(stopped);
            case 'H' -> selectThread(rest);
            case 'T' -> thread(rest) < 0 ? "" : OK;
            case 'D' -> detach();
            case 'k' -> killed();
            default -> move(command);
        };
    }

    private @Nullable String move(int command) {
        return switch (command) {
            case 'c', 'C' -> resume(all(Action.RUN));
            case 's', 'S' -> step();
            default -> "";
        };
    }

    private @Nullable String killed() {
        kill();
        return null;
    }

    private @Nullable String step() {
        List<Action> actions = all(Action.HOLD);
        actions.set(selected, Action.STEP);
        return resume(actions);
    }

    private DebugTarget target(int vcpu) {
        return debugger.machine().targets().get(vcpu);
    }

    private String selectThread(String rest) throws BadPacket {
        String id = rest.substring(1);
        if (!id.equals("-1") && !id.equals("0")) {
            selected = thread(id);
        }
        return OK;
    }

    private int thread(String id) throws BadPacket {
        int number = Hex.number(id, debugger.count());
        if (number == 0) {
            throw new BadPacket();
        }
        return number - 1;
    }

    private List<Action> all(Action action) {
        List<Action> actions = new ArrayList<>();
        for (int i = 0; i < debugger.count(); i++) {
            actions.add(action);
        }
        return actions;
    }

    private @Nullable String resume(List<Action> actions) {
        stopped = null;
        waits = true;
        debugger.resume(actions);
        return null;
    }

    private String detach() {
        done = true;
        here = false;
        stops.clear();
        stopped = null;
        debugger.resume();
        return OK;
    }

    private void kill() {
        done = true;
        debugger.machine().kill();
    }

    private String registers(char command, String rest) throws BadPacket, ErrnoException {
        DebugTarget target = target(selected);
        CpuState state = target.load();
        switch (command) {
            case 'g' -> {
                return registers.readAll(target, state);
            }
            case 'p' -> {
                return RegisterSet.read(registers.register(Hex.number(rest, 0xffff)), target, state);
            }
            case 'G' -> {
                CpuState before = new CpuState();
                before.copyFrom(state);
                if (registers.writeAll(state, Hex.bytes(rest))) {
                    return written(target, true);
                }
                // What was changed before the refusal does not count.
                state.copyFrom(before);
                return ERROR_REFUSED;
            }
            default -> {
                int equals = rest.indexOf('=');
                Register register = registers.register(Hex.number(rest.substring(0, equals), 0xffff));
                byte[] value = Hex.bytes(rest.substring(equals + 1));
                if (value.length != register.bytes()) {
                    throw new BadPacket();
                }
                return written(target, register.setter().set(state, value, 0));
            }
        }
    }

    private static String written(DebugTarget target, boolean accepted) throws ErrnoException {
        if (accepted) {
            target.store();
        }
        return accepted ? OK : ERROR_REFUSED;
    }

    private String memory(char command, String rest) throws BadPacket, ErrnoException {
        int comma = rest.indexOf(',');
        long gva = Hex.number(rest.substring(0, comma));
        CpuState state = target(selected).load();
        if (command == 'm') {
            int length = Hex.number(rest.substring(comma + 1), Integer.MAX_VALUE);
            byte[] bytes = new byte[Math.min(length, LONGEST_READ)];
            int count = view.read(state, gva, bytes, bytes.length);
            return count == 0 && length > 0 ? ERROR_MEMORY : Hex.of(bytes, 0, count);
        }
        int colon = rest.indexOf(':');
        int length = Hex.number(rest.substring(comma + 1, colon), PacketReader.MOST);
        String data = rest.substring(colon + 1);
        byte[] bytes = command == 'M' ? Hex.bytes(data) : Binary.unescape(data);
        if (bytes.length != length) {
            throw new BadPacket();
        }
        return view.write(state, gva, bytes) ? OK : ERROR_MEMORY;
    }

    private @Nullable String verbose(String text) throws BadPacket {
        if (text.equals("vCont?")) {
            return "vCont;c;C;s;S";
        }
        if (text.startsWith("vCont;")) {
            return resume(ContinueActions.parse(text.substring("vCont;".length()), debugger.count()));
        }
        if (text.startsWith("vKill")) {
            kill();
            return OK;
        }
        return "";
    }

    private @Nullable String query(String text) throws BadPacket, ErrnoException {
        int end = text.length();
        for (char separator : new char[] {':', ',', ';'}) {
            int at = text.indexOf(separator);
            end = at < 0 ? end : Math.min(end, at);
        }
        String rest = text.substring(Math.min(text.length(), end + 1));
        return switch (text.substring(0, end)) {
            case "qSupported" -> supported(rest);
            case "QStartNoAckMode" -> {
                writer.acknowledgeNoMore();
                yield OK;
            }
            case "qXfer" -> description(rest);
            case "qRcmd" -> command(rest);
            case "qAttached" -> "1";
            default -> threads(text.substring(0, end), rest);
        };
    }

    private String threads(String name, String rest) throws BadPacket {
        return switch (name) {
            case "qC" -> "QC%x".formatted(selected + 1);
            case "qfThreadInfo" -> {
                StringBuilder ids = new StringBuilder("m");
                for (int i = 0; i < debugger.count(); i++) {
                    ids.append(i == 0 ? "" : ",").append(Integer.toHexString(i + 1));
                }
                yield ids.toString();
            }
            case "qsThreadInfo" -> "l";
            case "qThreadExtraInfo" -> {
                DebugTarget target = target(thread(rest));
                String condition = target.condition();
                yield Hex.of("vCPU " + target.id() + (condition.isEmpty() ? "" : ", " + condition));
            }
            case "qSymbol" -> OK;
            default -> "";
        };
    }

    private String supported(String rest) throws ErrnoException {
        stops.peerKnows(rest.contains("swbreak+"), rest.contains("hwbreak+"));
        registers = set(bitsWanted == 0 ? bits() : bitsWanted);
        return "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+"
                .formatted(PacketReader.MOST);
    }

    /** The peer keeps one description for the whole connection: 64 bits hold every mode, but a guest known as 32-bit is better shown so. */
    private int bits() throws ErrnoException {
        return debugger.machine().isNarrow() ? target(selected).load().mode().bits() : 64;
    }

    private RegisterSet set(int bits) {
        return Objects.requireNonNull(sets.get(bits));
    }

    private String description(String rest) throws BadPacket {
        String prefix = "features:read:target.xml:";
        if (!rest.startsWith(prefix)) {
            return rest.startsWith("features:read:") ? "E00" : "";
        }
        String range = rest.substring(prefix.length());
        int comma = range.indexOf(',');
        String xml = registers.description();
        int offset = Hex.number(range.substring(0, comma), Integer.MAX_VALUE);
        int length = Math.min(Hex.number(range.substring(comma + 1), Integer.MAX_VALUE), PacketReader.MOST - 1);
        if (offset >= xml.length()) {
            return "l";
        }
        int until = (int) Math.min(xml.length(), (long) offset + length);
        return (until == xml.length() ? "l" : "m") + xml.substring(offset, until);
    }

    private String command(String rest) throws BadPacket, ErrnoException {
        byte[] bytes = Hex.bytes(rest);
        String line = new String(bytes, java.nio.charset.StandardCharsets.UTF_8).strip();
        if (line.equals("bits 16") || line.equals("bits 32") || line.equals("bits 64")) {
            bitsWanted = Integer.parseInt(line.substring("bits ".length()));
            return Hex.of("from the next connection on\n");
        }
        return Hex.of(monitor.run(line, target(selected)));
    }
}
