package dev.cloister.it.differential;

import java.io.IOException;
import java.util.List;

/** Something that runs cases on the real processor. For the thread that made it. */
interface RealSide extends AutoCloseable {
    /**
     * Runs the cases in order.
     *
     * @param cases any number
     * @param outcomes at least as many; filled
     * @throws IOException where the side itself can't go on
     */
    void run(List<TestCase> cases, Outcome[] outcomes) throws IOException;

    @Override
    void close() throws IOException;
}
