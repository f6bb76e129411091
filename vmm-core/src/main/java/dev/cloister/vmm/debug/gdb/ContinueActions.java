package dev.cloister.vmm.debug.gdb;

import dev.cloister.vmm.debug.Debugger.Action;
import java.util.ArrayList;
import java.util.List;

/** The actions of a {@code vCont} packet (GDB manual, E.2): the leftmost that fits a thread counts; a thread that none fits stands. */
final class ContinueActions {
    private ContinueActions() {}

    /** Reads the text behind {@code vCont;}. */
    static List<Action> parse(String text, int threads) throws BadPacket {
        List<Action> actions = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            actions.add(Action.HOLD);
        }
        boolean[] decided = new boolean[threads];
        for (String part : text.split(";", -1)) {
            String[] halves = part.split(":", 2);
            Action action = action(halves[0]);
            boolean everyone = halves.length == 1 || halves[1].equals("-1") || halves[1].equals("0");
            int only = everyone ? 0 : Hex.number(halves[1], threads) - 1;
            for (int i = everyone ? 0 : only; i <= (everyone ? threads - 1 : only); i++) {
                if (!decided[i]) {
                    actions.set(i, action);
                    decided[i] = true;
                }
            }
        }
        return actions;
    }

    private static Action action(String text) throws BadPacket {
        return switch (text.isEmpty() ? 0 : text.charAt(0)) {
            // A signal number has no meaning for a processor.
            case 'c', 'C' -> Action.RUN;
            case 's', 'S' -> Action.STEP;
            default -> throw new BadPacket();
        };
    }
}
