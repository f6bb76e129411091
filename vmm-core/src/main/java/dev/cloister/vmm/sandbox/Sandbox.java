package dev.cloister.vmm.sandbox;

import dev.cloister.linux.BpfProgram;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Landlock;
import dev.cloister.linux.Prctl;
import dev.cloister.linux.Rlimits;
import dev.cloister.linux.Seccomp;
import dev.cloister.linux.SystemCalls;
import dev.cloister.linux.TrapReport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.util.List;

/**
 * Puts this process into its sandbox, for good: not dumpable, no new privileges, no core; Landlock, where the
 * kernel has it, for this thread and those it starts; and the list of system calls for every thread. Call once, on the main thread,
 * before anything that comes from outside is looked at.
 */
public final class Sandbox {
    /** Exit code of a process that enters alone and is refused a call: 128 and SIGSYS. */
    public static final int REFUSED = 159;

    /** No descriptor accepts connections. */
    public static final int NO_LISTENER = -1;

    private static final int MOST_DESCRIPTORS = 1024;
    private static final String SEND_DESCRIPTORS = "sendmsg";
    private static final String ADD_FILTER = "seccomp";

    private Sandbox() {}

    /**
     * Enters the sandbox of a process that a daemon watches: a refused call waits until the listener's reader has seen it. Until
     * {@link #seal} descriptors can still be sent, so that the listener reaches its reader. No file may grow.
     *
     * @return the listener
     * @throws ErrnoException if the host can't
     */
    public static Fd enterWatched() throws ErrnoException {
        return enterWatched(list(), 0);
    }

    /**
     * As {@link #enterWatched()}, for a process whose guest will be handed disks.
     *
     * @param largest bytes of the largest that it may write: no file may become larger; 0 where it writes none
     * @return the listener
     * @throws ErrnoException if the host can't
     */
    public static Fd enterWatchedWithDisks(long largest) throws ErrnoException {
        return enterWatched(list().withGrantedDisks(), largest);
    }

    private static Fd enterWatched(SystemCallList list, long largestFile) throws ErrnoException {
        byte[] program = list.compile(BpfProgram.USER_NOTIFY, SEND_DESCRIPTORS, ADD_FILTER)
                .bytes();
        giveUp();
        Rlimits.FILE_SIZE.set(largestFile);
        return Seccomp.installWithListener(program);
    }

    /**
     * From now on no descriptor can be sent any more, nor a further filter be added.
     *
     * @throws ErrnoException if the host can't
     */
    public static void seal() throws ErrnoException {
        BpfProgram program = new BpfProgram(BpfProgram.ALLOW);
        for (String call : List.of(SEND_DESCRIPTORS, ADD_FILTER)) {
            program.rule(SystemCalls.number(call), BpfProgram.KILL_PROCESS, List.of());
        }
        Seccomp.install(program.bytes());
    }

    /**
     * Enters the sandbox of a process that nobody watches: a refused call is not made, is told on stderr and ends the process. Files that
     * are open may grow.
     *
     * @throws ErrnoException if the host can't
     */
    public static void enterAlone() throws ErrnoException {
        enterAlone(aloneProgram());
    }

    /**
     * As {@link #enterAlone()}, for a process that needs more than the plain list.
     *
     * @param list what it may ask of the kernel
     * @throws ErrnoException if the host can't
     */
    public static void enterAlone(SystemCallList list) throws ErrnoException {
        enterAlone(list.compile(BpfProgram.TRAP).bytes());
    }

    private static void enterAlone(byte[] program) throws ErrnoException {
        TrapReport.install(Sandbox::refusal, REFUSED);
        giveUp();
        Seccomp.install(program);
    }

    /** The filter for {@link #enterAlone()}: also what trains a cache of classes. */
    public static byte[] aloneProgram() {
        return list().compile(BpfProgram.TRAP).bytes();
    }

    private static String refusal(int number) {
        return "cloister: the sandbox refused system call " + SystemCalls.name(number)
                + " and ended the run: a guest has broken out of its virtual machine, or Cloister needs the call"
                + " (--no-sandbox runs without)";
    }

    private static SystemCallList list() {
        return SystemCallList.load((int) ProcessHandle.current().pid());
    }

    private static void giveUp() throws ErrnoException {
        prepare();
        Prctl.setDumpable(false);
        Prctl.setNoNewPrivileges();
        Rlimits.CORE.set(0);
        Rlimits.DESCRIPTORS.set(MOST_DESCRIPTORS);
        if (Landlock.abi() > 0) {
            Landlock.restrict(true);
        }
    }

    /** Opens what the JVM would open later: every archive of the class path, and the libraries behind its channels. */
    private static void prepare() {
        try {
            Class.forName("dev.cloister.vmm.sandbox.Absent");
            throw new IllegalStateException("a class that must not exist exists");
        } catch (ClassNotFoundException e) {
            // Every archive has been searched, so every archive is open.
        }
        try (RandomAccessFile nothing = new RandomAccessFile("/dev/null", "r")) {
            nothing.getChannel().size();
        } catch (IOException e) {
            // Without /dev/null: what needs channels fails later, by name.
        }
    }
}
