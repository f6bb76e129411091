package dev.cloister.cli.testgen;

import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.Direction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The list that a probe guest gets as its boot module; {@code probe.asm} has the layout.
 *
 * @param tickMillis length of a tick
 * @param leastTicks how long the probe stays for its peers' sake
 * @param mostTicks after which it ends in any case
 * @param pauseTicks ticks between two questions
 * @param questions what it asks for, in order
 */
record ProbeList(int tickMillis, int leastTicks, int mostTicks, int pauseTicks, List<Question> questions) {
    private static final long MAGIC = 0x4542_4f52_5053_4c43L;
    private static final int VERSION = 1;
    private static final int HEADER = 0x20;
    private static final int QUESTION = 48;
    private static final int PEER = 32;

    /** Copies the list. */
    ProbeList {
        questions = List.copyOf(questions);
    }

    /** A channel that a probe asks for: the check's number, the kind, which way as the asker sees it, and its peer. */
    record Question(int number, FlowKind kind, Direction direction, String peer) {}

    /** Returns the list as the probe reads it. */
    byte[] bytes() {
        ByteBuffer out =
                ByteBuffer.allocate(HEADER + QUESTION * questions.size()).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(MAGIC).putInt(VERSION).putInt(tickMillis);
        out.putInt(leastTicks).putInt(mostTicks).putInt(pauseTicks).putInt(questions.size());
        for (Question question : questions) {
            out.putInt(question.number())
                    .putInt(question.kind().code())
                    .putInt(question.direction().code())
                    .putInt(0);
            byte[] peer = new byte[PEER];
            byte[] name = question.peer().getBytes(StandardCharsets.US_ASCII);
            // The last byte stays zero: names have at most 31 characters.
            System.arraycopy(name, 0, peer, 0, Math.min(name.length, PEER - 1));
            out.put(peer);
        }
        return out.array();
    }
}
