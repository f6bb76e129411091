package dev.cloister.emulator.execute;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;

/**
 * Makes read-modify-write instructions atomic where LOCK asks for it, and XCHG with memory always (Intel SDM vol. 3,
 * 9.1.2): the memory operand is replaced by a compare-and-exchange with the value that was read, and the instruction
 * starts again where another processor or a device was faster.
 */
public final class Locked {
    private Locked() {}

    /** Thrown from the store of a locked instruction that must start again; carries nothing. */
    static final class Retry extends RuntimeException {
        static final Retry AGAIN = new Retry();
        private static final long serialVersionUID = 1;

        private Retry() {
            super(null, null, false, false);
        }
    }

    /**
     * Wraps the handler of a form that allows LOCK.
     *
     * @param handler reads its memory operand for writing once, and writes it once
     * @param always whether memory is locked also without the prefix
     * @return a handler
     */
    public static Handler of(Handler handler, boolean always) {
        return (x, i) -> {
            if (i.lock || always && i.kinds[0] == OperandKind.MEMORY) {
                execute(handler, x, i);
            } else {
                handler.execute(x, i);
            }
        };
    }

    private static void execute(Handler handler, Execution x, Instruction i) {
        x.locked = true;
        try {
            while (!succeeds(handler, x, i)) {
                x.undo();
                Thread.onSpinWait();
            }
        } finally {
            x.locked = false;
        }
    }

    private static boolean succeeds(Handler handler, Execution x, Instruction i) {
        try {
            handler.execute(x, i);
            return true;
        } catch (Retry e) {
            return false;
        }
    }
}
