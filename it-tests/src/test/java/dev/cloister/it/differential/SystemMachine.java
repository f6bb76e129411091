package dev.cloister.it.differential;

import java.io.IOException;
import java.util.List;

/** Something that runs cases of the test kernel. For the thread that made it. */
interface SystemMachine extends AutoCloseable {
    /**
     * Runs cases.
     *
     * @param cases at most {@link SystemPlace#BATCH}
     * @return what became of each, in order
     * @throws IOException where the machine itself can't go on
     */
    List<SystemOutcome> run(List<SystemCase> cases) throws IOException;

    @Override
    void close() throws IOException;
}
