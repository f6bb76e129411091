package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.ByteSize;
import dev.cloister.vmm.virtio.Balloon;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.function.Consumer;
import picocli.CommandLine.TypeConversionException;

/** A named pipe whose lines change the size of a running guest's balloon, and ask for it. Ends with the process. */
final class BalloonPipe {
    private static final int MOST = 200;
    private static final String SIZE = "size ";
    private static final String STATS = "stats";

    private final RandomAccessFile pipe;
    private final byte[] line = new byte[MOST];
    private int length;

    private BalloonPipe(RandomAccessFile pipe) {
        this.pipe = pipe;
    }

    /** Opens it, for both directions, so that it never ends while writers come and go. */
    static BalloonPipe open(Path path) throws CommandFailure {
        try {
            if (!Files.readAttributes(path, BasicFileAttributes.class).isOther()) {
                throw new CommandFailure(
                        ExitCodes.BAD_INPUT, "--balloon: " + path + " is no named pipe; mkfifo makes one");
            }
            return new BalloonPipe(new RandomAccessFile(path.toFile(), "rw"));
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT, "--balloon: can't open the pipe " + path + " (mkfifo makes one): " + e, e);
        }
    }

    /** Follows it on a thread of its own. */
    void attend(Balloon balloon, Consumer<String> tell) {
        Thread thread = new Thread(() -> follow(balloon, tell), "balloon control");
        thread.setDaemon(true);
        thread.start();
    }

    private void follow(Balloon balloon, Consumer<String> tell) {
        byte[] part = new byte[MOST];
        try {
            for (int n = pipe.read(part); n > 0; n = pipe.read(part)) {
                for (int i = 0; i < n; i++) {
                    take(part[i], balloon, tell);
                }
            }
        } catch (IOException e) {
            tell.accept("the balloon can no longer be changed: " + e.getMessage());
        }
    }

    /** What doesn't fit into a line of 200 bytes makes it one that is refused. */
    private void take(byte next, Balloon balloon, Consumer<String> tell) {
        if (next != '\n') {
            line[Math.min(length, MOST - 1)] = next;
            length = Math.min(length + 1, MOST);
            return;
        }
        String text = new String(line, 0, length, StandardCharsets.UTF_8).strip();
        length = 0;
        try {
            obey(text, balloon, tell);
        } catch (TypeConversionException | IllegalArgumentException e) {
            tell.accept("balloon: " + e.getMessage());
        }
    }

    private static void obey(String text, Balloon balloon, Consumer<String> tell) {
        if (text.startsWith(SIZE)) {
            balloon.setTarget(new ByteSize().convert(text.substring(SIZE.length())));
        } else if (text.equals(STATS)) {
            balloon.describe(report -> tell.accept(report.text()));
        } else {
            throw new TypeConversionException("'" + text + "': expected 'size SIZE' or 'stats'");
        }
    }
}
