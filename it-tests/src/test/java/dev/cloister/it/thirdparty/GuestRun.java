package dev.cloister.it.thirdparty;

import dev.cloister.policy.model.Engine;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.config.BootImage;
import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.report.MachineException;
import dev.cloister.vmm.report.MachineExit;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * What a guest printed, and how it ended or was stopped.
 *
 * @param output all of its serial port and debug consoles
 * @param exit its end
 */
record GuestRun(String output, MachineExit exit) {
    /** A KVM that interprets supervisor code takes 8 s to Linux's banner on an idle machine, much longer on a busy one. */
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private static final Pattern CURSOR = Pattern.compile("\u001b\\[[0-9;?]*[A-Za-z]");

    String end() {
        return exit.outcome() + ": " + exit.report();
    }

    /** Runs a guest until it has printed a text, has ended or takes too long. */
    static GuestRun until(Engine engine, BootImage image, String text) throws MachineException, InterruptedException {
        return until(engine, image, text, builder -> builder);
    }

    /** The same on a machine that is not the usual one. */
    static GuestRun until(Engine engine, BootImage image, String text, UnaryOperator<MachineConfig.Builder> machine)
            throws MachineException, InterruptedException {
        Watch watch = new Watch(text);
        MachineConfig config = machine.apply(MachineConfig.builder(image)
                        .engine(engine)
                        .serialOut(watch)
                        .timeout(PATIENCE))
                .build();
        try (Machine running = Machine.open(config)) {
            Thread stopper = Thread.ofPlatform().daemon().start(() -> {
                if (watch.await()) {
                    running.stop();
                }
            });
            running.start();
            MachineExit exit = running.await();
            stopper.interrupt();
            stopper.join();
            return new GuestRun(watch.text(), exit);
        }
    }

    /** Collects a guest's output and knows when a text has been in it. */
    private static final class Watch extends ByteArrayOutputStream {
        private final String text;
        private final CountDownLatch seen = new CountDownLatch(1);

        Watch(String text) {
            this.text = text;
        }

        @Override
        public synchronized void write(int value) {
            super.write(value);
            check();
        }

        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            check();
        }

        private void check() {
            if (seen.getCount() > 0 && text().contains(this.text)) {
                seen.countDown();
            }
        }

        /** What was printed without what moves the cursor: SeaBIOS does that in the middle of words. */
        String text() {
            return CURSOR.matcher(toString(StandardCharsets.ISO_8859_1)).replaceAll("");
        }

        boolean await() {
            try {
                return seen.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                return false;
            }
        }
    }
}
