package dev.cloister.vmm.terminal;

import java.util.ArrayList;
import java.util.List;

/**
 * Finds the commands that a person types for Cloister among what is typed for the guest: Ctrl-A, then one key, as QEMU has it.
 * Everything else passes. One thread.
 */
public final class EscapeKey {
    /** Ctrl-A. */
    public static final int PREFIX = 0x01;

    /** What follows the prefix. */
    public enum Command {
        /** Leaves: ends the guest, or detaches from it. */
        LEAVE('x', ""),
        /** Sends a break, by which Linux knows a SysRq key. */
        BREAK('b', "sends a break (then a key: Linux's SysRq)"),
        /** Shows the keys. */
        HELP('h', "shows these keys"),
        /** Sends the prefix itself. */
        PREFIX('a', "sends Ctrl-A");

        private final char key;
        private final String text;

        Command(char key, String text) {
            this.key = key;
            this.text = text;
        }
    }

    /** Who carries commands out. */
    public interface Listener {
        /**
         * A command was typed.
         *
         * @param command which
         */
        void typed(Command command);
    }

    private final Listener listener;
    private final List<Command> commands;
    private boolean pending;

    /**
     * Looks for commands.
     *
     * @param listener who is told; on the thread that calls {@link #filter}
     * @param commands which there are besides {@link Command#HELP} and {@link Command#PREFIX}
     */
    public EscapeKey(Listener listener, List<Command> commands) {
        this.listener = listener;
        this.commands = new ArrayList<>(commands);
        this.commands.add(Command.HELP);
        this.commands.add(Command.PREFIX);
    }

    /**
     * Takes commands out of what was typed.
     *
     * @param bytes what was typed; what is the guest's is moved together at its beginning
     * @param from the first
     * @param count how many
     * @return how many remain from {@code from} on
     */
    public int filter(byte[] bytes, int from, int count) {
        int kept = from;
        for (int i = from; i < from + count; i++) {
            byte each = bytes[i];
            if (pending) {
                pending = false;
                // A prefix that nothing of ours follows is dropped, and so is the key: what it would do to the guest
                // nobody meant.
                if (follow(each)) {
                    bytes[kept++] = PREFIX;
                }
            } else if (each == PREFIX) {
                pending = true;
            } else {
                bytes[kept++] = each;
            }
        }
        return kept - from;
    }

    /** Carries a key out; returns whether the prefix itself is wanted. */
    private boolean follow(byte typed) {
        Command command = typed == PREFIX ? Command.PREFIX : of(typed);
        if (command == Command.PREFIX) {
            return true;
        }
        listener.typed(command);
        return false;
    }

    private Command of(byte typed) {
        int lower = typed >= 'A' && typed <= 'Z' ? typed + 'a' - 'A' : typed;
        return commands.stream()
                .filter(command -> command.key == lower)
                .findFirst()
                .orElse(Command.HELP);
    }

    /**
     * What the keys do, for people.
     *
     * @param leaving what {@link Command#LEAVE} does, such as {@code ends the guest}
     * @return one line for each key
     */
    public List<String> help(String leaving) {
        return commands.stream()
                .map(command -> "Ctrl-A " + command.key + "  " + (command == Command.LEAVE ? leaving : command.text))
                .toList();
    }
}
