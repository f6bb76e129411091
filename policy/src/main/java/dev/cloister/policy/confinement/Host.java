package dev.cloister.policy.confinement;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Landlock;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Spawn;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What this host has to confine VMM processes with. Immutable.
 *
 * @param bubblewrap the program, if it is there and works
 * @param bubblewrapProblem why it doesn't; empty if it does
 * @param groups the control groups that can be made
 * @param landlock the version of Landlock's ABI, 0 for none
 */
record Host(Optional<Path> bubblewrap, String bubblewrapProblem, ControlGroups groups, int landlock) {
    private static final long PROBE_MILLIS = 10_000;
    private static final int MESSAGE_BYTES = 400;
    private static final String PROC = "/proc";
    private static final String INSTALL = "install bubblewrap (Debian: apt-get install bubblewrap)";
    private static final String ALLOW =
            "allow this user namespaces of its own (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone; "
                    + "where AppArmor restricts them, a profile for bwrap), or run the daemon as root";
    private static final String DELEGATE =
            "run the daemon as root or in a delegated group (systemd-run --user -p Delegate=yes)";

    static Host survey(Surround surround) {
        String problem = surround.bubblewrap().map(Host::tried).orElse("bubblewrap isn't there");
        return new Host(
                surround.bubblewrap().filter(_ -> problem.isEmpty()),
                problem,
                surround.controlGroups() ? ControlGroups.ofHost() : ControlGroups.none(),
                Landlock.abi());
    }

    /** Lets it do what it will have to do, with itself as the command; returns its complaint, empty for none. */
    private static String tried(Path program) {
        List<String> line = new ArrayList<>();
        line.add(program.toString());
        line.addAll(Bubblewrap.NAMESPACES);
        line.addAll(List.of("--ro-bind", "/", "/", "--proc", PROC, "--remount-ro", "/"));
        line.addAll(List.of("--", program.toString(), "--version"));
        try (Pipe errors = Pipe.create();
                var nothing = Linux.open("/dev/null", Linux.O_RDWR);
                ChildProcess child = Spawn.command(line)
                        .fd(0, nothing)
                        .fd(1, nothing)
                        .fd(2, errors.writeEnd())
                        .start()) {
            Optional<ChildProcess.Exit> exit = child.waitFor(PROBE_MILLIS);
            if (exit.isEmpty()) {
                child.kill(ChildProcess.SIGKILL);
                child.waitFor(PROBE_MILLIS);
                return program + " does not end within " + PROBE_MILLIS + " ms";
            }
            return exit.get().success() ? "" : complaint(errors, program + ": " + exit.get());
        } catch (ErrnoException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String complaint(Pipe errors, String otherwise) throws ErrnoException {
        byte[] text = new byte[MESSAGE_BYTES];
        int count = Pipe.read(errors.readEnd(), text, 0, text.length);
        String words = new String(text, 0, Math.max(0, count), StandardCharsets.UTF_8).strip();
        return words.isEmpty() ? otherwise : words.lines().findFirst().orElse(otherwise);
    }

    /** What there is no way to do here, whoever asks. */
    List<Lack> lacks() {
        List<Lack> lacks = new ArrayList<>();
        if (bubblewrap.isEmpty()) {
            lacks.add(namespaces());
        }
        if (!groups.has(Controller.MEMORY) || !groups.has(Controller.PIDS)) {
            lacks.add(groups("limits of memory and processes", List.of(Controller.MEMORY, Controller.PIDS)));
        }
        if (landlock == 0) {
            lacks.add(noLandlock());
        }
        return lacks;
    }

    Lack namespaces() {
        return new Lack(
                "namespaces around VMM processes",
                bubblewrapProblem,
                bubblewrapProblem.equals("bubblewrap isn't there") ? INSTALL : ALLOW,
                "");
    }

    Lack noLandlock() {
        return new Lack(
                "Landlock",
                "this kernel has none or it is turned off",
                "use Linux 5.13 or newer with landlock among its security modules (kernel parameter lsm=landlock,...)",
                "");
    }

    Lack groups(String what, List<Controller> needed) {
        List<String> missing = needed.stream()
                .filter(controller -> !groups.has(controller))
                .map(Controller::v2)
                .toList();
        return new Lack(
                what, "no control group with " + String.join(" and ", missing) + " can be made here", DELEGATE, "");
    }

    Lack exclusiveCpus() {
        return new Lack(
                "CPUs of its own",
                "that takes a cpuset of control group version 2 in which this process may make partitions",
                "boot with systemd.unified_cgroup_hierarchy=1 and run the daemon as root",
                "");
    }
}
