package dev.cloister.vmm.debug.gdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.vmm.debug.Debugger;
import dev.cloister.vmm.debug.StopEvent;
import dev.cloister.vmm.debug.StopPlan;
import dev.cloister.vmm.debug.StopPoint;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GdbSessionTest {
    private final FakeMachine machine = new FakeMachine(2);
    private final Debugger debugger = new Debugger(machine, 2);
    private final ReplyWriter writer = new ReplyWriter();
    private final GdbSession session = new GdbSession(debugger, writer);

    @BeforeEach
    void aPeerIsThereAndTheGuestStandsStill() {
        session.peerCame();
        ask("qSupported:swbreak+;hwbreak+");
    }

    private String ask(String packet) {
        writer.reset();
        session.packet(packet);
        return reply();
    }

    private String reply() {
        String framed = new String(writer.last(), StandardCharsets.ISO_8859_1);
        return framed.isEmpty() ? "" : framed.substring(1, framed.length() - 3);
    }

    private CpuState state() {
        return machine.states.getFirst();
    }

    @Test
    void everyRegisterHasTheLengthAndPlaceThatItsDescriptionSays() throws BadPacket {
        for (int bits : new int[] {16, 32, 64}) {
            RegisterSet set = new RegisterSet(bits);
            List<String> lines =
                    set.description().lines().filter(l -> l.startsWith("<reg ")).toList();
            assertThat(lines).hasSize(set.count());
            for (int i = 0; i < lines.size(); i++) {
                Register register = set.register(i);
                assertThat(lines.get(i))
                        .contains("name=\"" + register.name() + "\"")
                        .contains("bitsize=\"" + 8 * register.bytes() + "\"")
                        .contains("regnum=\"" + i + "\"");
            }
            assertThat(set.description()).doesNotContain("$", "#", "}", "*");
        }
    }

    /** What is written into any register is what is read from it, and nothing else in the state changes. */
    @Test
    void registersKeepWhatIsWrittenAndTouchNothingElse() throws BadPacket {
        long seed = 20_251_121;
        Random random = new Random(seed);
        RegisterSet set = new RegisterSet(64);
        for (int i = 0; i < set.count(); i++) {
            Register register = set.register(i);
            String before = all(set, i);
            byte[] value = new byte[register.bytes()];
            random.nextBytes(value);
            String text = Hex.of(value, 0, value.length);
            String answer = ask("P" + Integer.toHexString(i) + "=" + text);
            String now = ask("p" + Integer.toHexString(i));
            if (answer.equals("OK") && hasAllBits(register.name())) {
                assertThat(now).as("%s, seed %d", register.name(), seed).isEqualTo(text);
            }
            if (!register.name().equals("ftag")
                    && !register.name().equals("fstat")
                    && !register.name().startsWith("st")) {
                assertThat(all(set, i))
                        .as("others than %s, seed %d", register.name(), seed)
                        .isEqualTo(before);
            }
        }
    }

    private static boolean hasAllBits(String name) {
        return !name.startsWith("f") || name.endsWith("_base") || name.equals("fioff") || name.equals("fooff")
                ? !name.equals("eflags") && !name.equals("cr8")
                : false;
    }

    private String all(RegisterSet set, int except) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < set.count(); i++) {
            text.append(i == except ? "" : ask("p" + Integer.toHexString(i)));
        }
        return text.toString();
    }

    @Test
    void allRegistersAtOnceAreWrittenWholeOrNotAtAll() {
        String all = ask("g");
        String changed = "1122334455667788" + all.substring(16);
        assertThat(ask("G" + changed)).isEqualTo("OK");
        assertThat(state().gpr(CpuState.RAX)).isEqualTo(0x8877665544332211L);
        // The reserved bits of MXCSR; it comes behind 24 registers of the core and 16 of SSE.
        int mxcsr = 2 * (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4 + 16 * 16);
        String broken = "ff" + changed.substring(2, mxcsr) + "ffffffff" + changed.substring(mxcsr + 8);
        assertThat(ask("G" + broken)).startsWith("E");
        assertThat(state().gpr(CpuState.RAX)).isEqualTo(0x8877665544332211L);
        assertThat(ask("G" + changed.substring(2))).isEqualTo("E16");
    }

    @Test
    void memoryIsReadAndWrittenWithinItsBounds() {
        assertThat(ask("M100,4:01020304")).isEqualTo("OK");
        assertThat(ask("X104,3:a}\u0003}]".replace("}\u0003", "}\u0003"))).isEqualTo("OK");
        assertThat(ask("m100,7")).isEqualTo("01020304" + "61237d");
        assertThat(ask("mfffe,8")).as("cut at the end of memory").isEqualTo("0000");
        assertThat(ask("m10000,1")).isEqualTo("E0e");
        assertThat(ask("Mffff,2:0102")).as("all or nothing").isEqualTo("E0e");
        assertThat(ask("mffff,1")).isEqualTo("00");
        assertThat(ask("M100000,1:01")).as("ROM").isEqualTo("E0e");
        assertThat(ask("m0,ffffffff")).isEqualTo("E16");
        assertThat(ask("m0,7fffffff")).hasSize(PacketReader.MOST);
    }

    /** The first page of the write holds the table that maps the second, and takes it away. */
    @Test
    void memoryThatHoldsItsOwnTablesIsWrittenWhole() {
        machine.turnPagingOn(state(), 0x8000);
        String page = "00".repeat(0xfa0);
        assertThat(ask("Mb060,fa2:" + page + "0102")).isEqualTo("OK");
        assertThat(machine.memory.readShort(0xc000)).isEqualTo((short) 0x0201);
        assertThat(ask("mc000,2")).as("not mapped any more").isEqualTo("E0e");
    }

    @ParameterizedTest
    @CsvSource({"0,EXECUTE", "1,EXECUTE", "2,WRITE", "3,READ", "4,ACCESS"})
    void stopPointsComeAndGo(int type, StopPoint.Kind kind) {
        assertThat(ask("Z" + type + ",1234,4")).isEqualTo("OK");
        assertThat(ask("Z" + type + ",1234,4")).as("again").isEqualTo("OK");
        StopPoint expected = new StopPoint(kind, 0x1234, kind.isData() ? 4 : 1);
        assertThat(debugger.plan().points()).containsExactly(expected);
        assertThat(ask("z" + type + ",1234,4")).isEqualTo("OK");
        assertThat(debugger.plan().isEmpty()).isTrue();
    }

    @Test
    void aPeerCannotSetMoreStopPointsThanThePlanHolds() {
        for (int i = 0; i < StopPlan.MOST; i++) {
            assertThat(ask("Z0," + Integer.toHexString(i) + ",1")).isEqualTo("OK");
        }
        assertThat(ask("Z0,ffff,1")).isEqualTo("E1c");
        session.peerWent();
        assertThat(debugger.plan().isEmpty()).isTrue();
    }

    @Test
    void theCommandLinesStopPointsOutliveThePeer() {
        StopPoint own = new StopPoint(StopPoint.Kind.EXECUTE, 0x42, 1);
        debugger.setPlan(Objects.requireNonNull(StopPlan.EMPTY.with(own)));
        ask("Z0,42,1");
        ask("Z0,43,1");
        ask("z0,42,1");
        session.peerWent();
        assertThat(debugger.plan().points()).containsExactly(own);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "m",
                "m,",
                "m1",
                "mx,1",
                "m1,x",
                "M0,1",
                "M0,2:00",
                "M0,1:0",
                "X0,2:a",
                "p",
                "pfffff",
                "p-1",
                "P0",
                "P0=",
                "P0=00",
                "G",
                "G00",
                "Z",
                "Z9,0,1",
                "Z0",
                "Z2,0,0",
                "Z2,0,ffff",
                "z0,0",
                "H",
                "Hg9",
                "T",
                "T0",
                "T9",
                "vCont;",
                "vCont;x",
                "vCont;c:9",
                "vCont;c:x",
                "qThreadExtraInfo,9",
                "qRcmd,zz",
                "qRcmd,1",
                "qXfer:features:read:target.xml:",
                "qXfer:features:read:target.xml:0",
                "m11111111111111111,1"
            })
    void aPacketThatMakesNoSenseGetsAnErrorAndChangesNothing(String packet) {
        String before = ask("g");
        assertThat(ask(packet)).matches("E[0-9a-f]{2}");
        assertThat(ask("g")).isEqualTo(before);
        assertThat(debugger.plan().isEmpty()).isTrue();
        assertThat(machine.resumes).isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "!",
                "b",
                "vMustReplyEmpty",
                "qTStatus",
                "vFile:open:00,0,0",
                "vRun;00",
                "R00",
                "QNonStop:1",
                "\u00ff"
            })
    void whatIsNotSupportedGetsAnEmptyReply(String packet) {
        assertThat(ask(packet)).isEmpty();
        assertThat(machine.kills).isZero();
    }

    @Test
    void threadsAreResumedAsTheLeftmostActionSays() throws BadPacket {
        assertThat(ContinueActions.parse("s:2;c", 2)).containsExactly(Debugger.Action.RUN, Debugger.Action.STEP);
        assertThat(ContinueActions.parse("c:1", 2)).containsExactly(Debugger.Action.RUN, Debugger.Action.HOLD);
        assertThat(ContinueActions.parse("C05:-1;s:1", 2)).containsExactly(Debugger.Action.RUN, Debugger.Action.RUN);
    }

    @Test
    void stopsAreToldWithTheirReason() {
        ask("Z0,fff0,1");
        ask("Z2,2002,2");
        ask("vCont;c");
        assertThat(machine.resumes).isEqualTo(1);
        assertThat(ask("g")).as("the guest runs").isEqualTo("E10");
        state().segment(CpuState.CS).set(0, 0, 0xffff, 0x9b);
        state().setRip(0xfff0);
        stop(StopEvent.Kind.BREAKPOINT, new StopPoint(StopPoint.Kind.EXECUTE, 0xfff0, 1), 0xfff0);
        assertThat(reply()).isEqualTo("T05swbreak:;thread:1;");
        ask("vCont;c");
        stop(StopEvent.Kind.WATCHPOINT, new StopPoint(StopPoint.Kind.WRITE, 0x2002, 2), 0x2000);
        assertThat(reply()).isEqualTo("T05watch:2002;thread:1;");
        ask("vCont;c");
        session.interrupt();
        session.guestStopped(java.util.Objects.requireNonNull(debugger.next()));
        assertThat(reply()).isEqualTo("T02thread:1;");
        ask("vCont;c");
        session.guestEnded();
        assertThat(reply()).isEqualTo("W2a");
        assertThat(session.isPeerDone()).isTrue();
    }

    /** Where the code segment does not begin at 0 gdb would not find its breakpoint at the program counter, and silently go on. */
    @Test
    void aBreakpointThatIsNotAtTheProgramCounterIsAPlainTrap() {
        ask("Z0,ffff0,1");
        ask("vCont;c");
        state().segment(CpuState.CS).set(0xf000, 0xf0000, 0xffff, 0x9b);
        stop(StopEvent.Kind.BREAKPOINT, new StopPoint(StopPoint.Kind.EXECUTE, 0xffff0, 1), 0xffff0);
        assertThat(reply()).isEqualTo("T05thread:1;");
    }

    private void stop(StopEvent.Kind kind, StopPoint point, long address) {
        debugger.stop(new StopEvent(kind, 0, point, address, ""));
        session.guestStopped(java.util.Objects.requireNonNull(debugger.next()));
    }

    @Test
    void theDescriptionComesInPieces() {
        String whole = "";
        String piece = ask("qXfer:features:read:target.xml:0,100");
        while (piece.startsWith("m")) {
            whole += piece.substring(1);
            piece = ask("qXfer:features:read:target.xml:%x,100".formatted(whole.length()));
        }
        whole += piece.substring(1);
        assertThat(whole).isEqualTo(new RegisterSet(64).description());
        assertThat(ask("qXfer:features:read:target.xml:fffffff,1")).isEqualTo("l");
        assertThat(ask("qXfer:features:read:other.xml:0,1")).isEqualTo("E00");
    }

    /** Whatever comes, the reader keeps to its bounds and finds the next whole packet. */
    @Test
    void garbageNeverHidesThePacketAfterIt() {
        long seed = 20_251_122;
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            PacketReader reader = new PacketReader();
            int length = random.nextInt(round % 10 == 0 ? 40_000 : 60);
            for (int i = 0; i < length; i++) {
                byte[] likely = {'$', '#', '}', '+', '-', 3, '0', 'f', 'm', ','};
                reader.take(random.nextBoolean() ? likely[random.nextInt(likely.length)] : (byte) random.nextInt());
            }
            // A checksum may still be open: two bytes end it.
            reader.take((byte) 'z');
            reader.take((byte) 'z');
            List<PacketReader.Event> events =
                    "$g#67".chars().mapToObj(c -> reader.take((byte) c)).collect(Collectors.toList());
            assertThat(events.getLast()).as("round %d, seed %d", round, seed).isEqualTo(PacketReader.Event.PACKET);
            assertThat(reader.text()).isEqualTo("g");
        }
    }

    @Test
    void packetsThatAreTooLongOrDamagedAreToldApart() {
        PacketReader reader = new PacketReader();
        String body = "a".repeat(PacketReader.MOST + 1);
        assertThat(feed(reader, "$" + body + "#%02x".formatted(body.chars().sum() & 0xff)))
                .isEqualTo(PacketReader.Event.TOO_LONG);
        assertThat(feed(reader, "$g#68")).isEqualTo(PacketReader.Event.DAMAGED);
        assertThat(feed(reader, "$g#6x")).isEqualTo(PacketReader.Event.DAMAGED);
        assertThat(feed(reader, "$g#67")).isEqualTo(PacketReader.Event.PACKET);
        assertThat(feed(reader, "\u0003")).isEqualTo(PacketReader.Event.INTERRUPT);
        assertThat(feed(reader, "G")).isEqualTo(PacketReader.Event.GARBAGE);
    }

    private static PacketReader.Event feed(PacketReader reader, String text) {
        PacketReader.Event last = PacketReader.Event.NONE;
        for (char c : text.toCharArray()) {
            last = reader.take((byte) c);
        }
        return last;
    }

    /** A campaign of packets made from likely pieces: every one gets a reply of bounded length, and the session lives. */
    @Test
    void noPacketBreaksTheSession() {
        long seed = 20_251_123;
        Random random = new Random(seed);
        String[] pieces = {
            "m",
            "M",
            "X",
            "p",
            "P",
            "G",
            "Z0",
            "Z2",
            "z1",
            "H",
            "T",
            "vCont",
            ";",
            ":",
            ",",
            "=",
            "c",
            "s",
            "0",
            "1",
            "fff0",
            "ffffffffffffffff",
            "-1",
            "qXfer",
            "features",
            "read",
            "target.xml",
            "qRcmd",
            "qThreadExtraInfo",
            "}",
            "\u00ff",
            "QStartNoAckMode",
            "7265676973746572"
        };
        for (int round = 0; round < 5000; round++) {
            StringBuilder packet = new StringBuilder();
            for (int i = random.nextInt(7); i >= 0; i--) {
                packet.append(pieces[random.nextInt(pieces.length)]);
            }
            String text = packet.toString();
            assertThat(ask(text)).as("%s, seed %d", text, seed).hasSizeLessThanOrEqualTo(PacketReader.MOST);
            if (machine.resumes > 0) {
                machine.resumes = 0;
                debugger.stop(StopEvent.of(StopEvent.Kind.ASKED, 0));
                session.guestStopped(java.util.Objects.requireNonNull(debugger.next()));
            }
        }
        assertThat(ask("qC")).startsWith("QC");
    }
}
