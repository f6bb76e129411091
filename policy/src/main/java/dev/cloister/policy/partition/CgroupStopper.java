package dev.cloister.policy.partition;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Scheduling;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.Set;

/** Stops a control group: every process in it and every one that these ever start. Nothing in the group can write its files. */
final class CgroupStopper implements Stopper {
    private static final int STATE_BYTES = 64;
    private static final String PROCESSES = "cgroup.procs";

    private final CgroupVersion version;
    private final Path group;
    private final FileChannel control;
    private final FileChannel state;
    private final ByteBuffer frozen;
    private final ByteBuffer thawed;
    private final ByteBuffer answer = ByteBuffer.allocateDirect(STATE_BYTES);

    /** Makes the group and puts a process into it. */
    CgroupStopper(CgroupVersion version, Path group, long pid) throws IOException {
        this.version = version;
        this.group = Files.createDirectory(group);
        this.frozen = bytes(version.frozen());
        this.thawed = bytes(version.thawed());
        this.control = FileChannel.open(group.resolve(version.control()), StandardOpenOption.WRITE);
        this.state = FileChannel.open(group.resolve(version.state()), StandardOpenOption.READ);
        try {
            // Before the process is in it: it doesn't run a step outside its frames.
            stop();
            Files.writeString(group.resolve(PROCESSES), Long.toString(pid));
            takeDescendants(pid);
        } catch (IOException e) {
            release();
            throw new IOException("pid " + pid + " can't be put into " + group + ": " + e.getMessage(), e);
        }
    }

    /** What the process had started before: it stands now, they don't yet. */
    private void takeDescendants(long pid) throws IOException {
        boolean more = true;
        while (more) {
            Set<String> inside = Set.copyOf(Files.readAllLines(group.resolve(PROCESSES)));
            more = false;
            for (ProcessHandle child : ProcessHandle.of(pid).stream()
                    .flatMap(ProcessHandle::descendants)
                    .toList()) {
                String number = Long.toString(child.pid());
                if (!inside.contains(number) && child.isAlive()) {
                    Files.writeString(group.resolve(PROCESSES), number);
                    more = true;
                }
            }
        }
    }

    private static ByteBuffer bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    @Override
    public void stop() throws IOException {
        control.write(frozen.rewind(), 0);
    }

    @Override
    public boolean stopped() throws IOException {
        int length = state.read(answer.clear(), 0);
        byte[] text = new byte[Math.max(0, length)];
        answer.flip().get(text);
        return new String(text, StandardCharsets.US_ASCII).contains(version.stopped());
    }

    @Override
    public void resume() throws IOException {
        control.write(thawed.rewind(), 0);
    }

    @Override
    public void place(BitSet cpus) throws IOException {
        for (String tid : Files.readAllLines(group.resolve(version.threads()))) {
            try {
                Scheduling.affinity(Integer.parseInt(tid), cpus);
            } catch (ErrnoException e) {
                if (e.errno() != Errno.ESRCH) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void letDie() throws IOException {
        if (version == CgroupVersion.V1) {
            resume();
        }
    }

    @Override
    public boolean release() {
        try {
            if (control.isOpen()) {
                resume();
                control.close();
                state.close();
            }
            Files.deleteIfExists(group);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
