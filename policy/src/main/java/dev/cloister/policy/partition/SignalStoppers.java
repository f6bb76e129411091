package dev.cloister.policy.partition;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Scheduling;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;

/**
 * {@code SIGSTOP} and {@code SIGCONT} by pidfd_send_signal(2): works on every host, but stops one process only, and one that has armed a
 * timer with {@code SIGCONT} (timer_create(2)) goes on by itself. For hosts without a freezer, where that is accepted.
 */
final class SignalStoppers implements StopperFactory {
    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SYS_PIDFD_OPEN = 434;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

    @Override
    public String mechanism() {
        return "SIGSTOP";
    }

    @Override
    public boolean enforced() {
        return false;
    }

    @Override
    public Stopper of(String name, long pid) throws IOException {
        long fd = Linux.check(Linux.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0), "pidfd_open", "pid " + pid);
        Signals stopper = new Signals(pid, Fd.own((int) fd));
        stopper.stop();
        return stopper;
    }

    @Override
    public void sweep() {
        // Nothing tells a process that was stopped for its frame from one that somebody else stopped.
    }

    private record Signals(long pid, Fd pidfd) implements Stopper {
        @Override
        public void stop() throws IOException {
            signal(SIGSTOP);
        }

        @Override
        public boolean stopped() throws IOException {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) != 'R';
        }

        @Override
        public void resume() throws IOException {
            signal(SIGCONT);
        }

        private void signal(int signal) throws ErrnoException {
            long result = Linux.syscall(SYS_PIDFD_SEND_SIGNAL, pidfd.number(), signal, 0, 0, 0, 0);
            if (result != -Errno.ESRCH) {
                Linux.check(result, "pidfd_send_signal", "pid " + pid + ", signal " + signal);
            }
        }

        @Override
        public void place(BitSet cpus) throws IOException {
            try (DirectoryStream<Path> tasks = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "task"))) {
                for (Path task : tasks) {
                    Scheduling.affinity(Integer.parseInt(task.getFileName().toString()), cpus);
                }
            }
        }

        @Override
        public void letDie() {
            // SIGKILL ends what is stopped.
        }

        @Override
        public boolean release() {
            try {
                resume();
            } catch (IOException e) {
                return true;
            } finally {
                pidfd.close();
            }
            return true;
        }
    }
}
