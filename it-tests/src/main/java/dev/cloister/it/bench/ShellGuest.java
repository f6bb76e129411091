package dev.cloister.it.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A guest with a shell on its serial port, which is this process's pipes. Every wait for it ends. One thread uses it. */
final class ShellGuest implements AutoCloseable {
    private static final int CHUNK = 4096;
    /** How much of what was said is told where a wait has ended in vain. */
    private static final int TOLD = 600;

    private final Process process;
    private final ByteArrayOutputStream heard = new ByteArrayOutputStream();
    private boolean ended;

    /**
     * Starts one.
     *
     * @param command of the VMM
     * @throws IOException if there is no such program
     */
    ShellGuest(List<String> command) throws IOException {
        process = Contender.process(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Thread.ofPlatform().daemon().name("hears a guest").start(this::hear);
    }

    private void hear() {
        byte[] buffer = new byte[CHUNK];
        try (InputStream said = process.getInputStream()) {
            for (int count = said.read(buffer); count >= 0; count = said.read(buffer)) {
                synchronized (this) {
                    heard.write(buffer, 0, count);
                    notifyAll();
                }
            }
        } catch (IOException e) {
            // The process was ended while it was listened to.
        } finally {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
        }
    }

    /**
     * Waits for a text; what was said up to now is then forgotten.
     *
     * @param text to be said
     * @param seconds the longest wait
     * @return all that was said
     * @throws IOException if the guest ended, or the time did, before it was said
     */
    synchronized String await(String text, int seconds) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        String all = heard.toString(StandardCharsets.ISO_8859_1);
        while (!all.contains(text)) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (ended || left <= 0) {
                throw new IOException((ended ? "the guest ended" : "nothing came for " + seconds + " s")
                        + " before it said \"" + text + "\"; the end of what it said: "
                        + all.substring(Math.max(0, all.length() - TOLD)).strip());
            }
            wait(left);
            all = heard.toString(StandardCharsets.ISO_8859_1);
        }
        heard.reset();
        return all;
    }

    /** Types a command. */
    void type(String text) throws IOException {
        process.getOutputStream().write((text + "\n").getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
    }

    /** Types a command and waits for its end; returns what was said. */
    String command(String text, int seconds) throws IOException, InterruptedException {
        // Quoted, so that the echo of what is typed isn't taken for the answer.
        type(text + "; echo fini''shed");
        return await("finished", seconds);
    }

    long processorNanos() throws IOException {
        return EmulatorBench.processorNanos(process.pid());
    }

    double residentMebibytes() throws IOException {
        return DiskBench.residentMebibytes(process.pid());
    }

    /** Ends the process, and waits for that: what it had open is another's then. */
    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }
}
