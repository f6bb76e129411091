package dev.cloister.emulator.x87;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.Handler;

/** Frames of x87 handlers: the checks before an instruction and the record after it. */
final class X87Handlers {
    /** What an instruction does between its checks and its end. */
    interface Body {
        void run(X87Unit u, Execution x, Instruction i);
    }

    private X87Handlers() {}

    /** A computing instruction: waits for pending errors, and is recorded as the last one. */
    static Handler waiting(Body body) {
        return (x, i) -> {
            X87Unit u = x.x87;
            u.begin(i);
            body.run(u, x, i);
            u.finish(i);
        };
    }

    /** A control instruction that waits for pending errors and leaves pointers alone. */
    static Handler waitingControl(Body body) {
        return (x, i) -> {
            X87Unit u = x.x87;
            u.begin(i);
            body.run(u, x, i);
        };
    }

    /** A control instruction that doesn't wait. */
    static Handler control(Body body) {
        return (x, i) -> {
            x.x87.beginControl(i);
            body.run(x.x87, x, i);
        };
    }
}
