package dev.cloister.it.attack;

import java.util.regex.Pattern;

/**
 * What a VMM process tries that an attacker owns and that is in the sandbox of every VMM. The line is typed into its console: a system
 * call by name with its arguments, or a word that {@link Attempts} knows. {@code {sibling}} is another VMM's process, {@code {region}} a
 * one-way region that it may read, {@code {own}} one that it writes, {@code {kvm}} the device.
 */
enum Attack {
    /** Opens a file of the host. */
    OPEN("call open text:/etc/passwd 0 0"),
    /** Makes a file, to fill the disk. */
    CREATE_FILE("call openat -100 text:/tmp/cloister-rogue 0x80241 0x180"),
    /** Opens a file to read, as the JVM does, which bears that there is none. */
    OPEN_TO_READ("call openat -100 text:/etc/passwd 0x80000", new Outcome.Told("openat -> EACCES")),
    /** Reopens a region that it may only read, to write. */
    REOPEN_REGION("call openat -100 text:/proc/self/fd/{region} 0x80002"),
    /** Opens the memory of a sibling's process to write. */
    SIBLING_MEMORY("call openat -100 text:/proc/{sibling}/mem 0x80002"),
    /** Opens the memory of a sibling's process to read. */
    SIBLING_MEMORY_TO_READ("call openat -100 text:/proc/{sibling}/mem 0x80000", new Outcome.Told("openat -> EACCES")),
    /** Makes a socket to the network. */
    NETWORK("call socket 2 1 0"),
    /** Makes a socket, to ask the daemon as an operator does. */
    UNIX_SOCKET("call socket 1 1 0"),
    /** Makes a pair of sockets. */
    SOCKET_PAIR("call socketpair 1 1 0 page"),
    /** Connects its control socket to something else. */
    CONNECT("call connect 3 page 110"),
    /** Traces a sibling. */
    PTRACE("call ptrace 16 {sibling} 0 0"),
    /** Reads a sibling's memory. */
    READ_PROCESS("call process_vm_readv {sibling} page 1 page 1 0"),
    /** Writes a sibling's memory. */
    WRITE_PROCESS("call process_vm_writev {sibling} page 1 page 1 0"),
    /** Takes hold of a sibling. */
    HOLD_PROCESS("call pidfd_open {sibling} 0"),
    /** Takes a descriptor of another process. */
    STEAL_DESCRIPTOR("call pidfd_getfd 3 3 0"),
    /** Kills a sibling. */
    KILL("call kill {sibling} 9"),
    /** Kills a sibling's thread. */
    KILL_THREAD("call tgkill {sibling} {sibling} 9"),
    /** Shrinks the region that it writes, so that its reader faults. */
    SHRINK_REGION("call ftruncate {own} 0"),
    /** Punches a hole into it. */
    PUNCH_REGION("call fallocate {own} 3 0 4096"),
    /** Makes a region longer. */
    GROW_REGION("call ftruncate {own} 0x40000000"),
    /** Adds a seal to it. */
    SEAL_REGION("call fcntl {own} 0x409 8"),
    /** Maps a region writable that it may only read. */
    MAP_WRITABLE("do map-writable", new Outcome.Told("map -> E(ACCES|PERM)")),
    /** Makes its mapping of such a region writable. */
    PROTECT_WRITABLE("do protect-writable", new Outcome.Told("mprotect -> EACCES")),
    /** Writes to such a region as to a file. */
    WRITE_REGION("call write {region} page 8", new Outcome.Told("write -> EBADF")),
    /** Runs what a sibling wrote. */
    MAP_EXECUTABLE("call mmap 0 4096 5 1 {region} 0"),
    /** Becomes another program. */
    EXECUTE("call execve text:/bin/true 0 0"),
    /** Makes a process. */
    FORK("call fork"),
    /** Makes a process by another call. */
    CLONE_PROCESS("call clone 17 0 0 0 0"),
    /** Makes namespaces, where it would be root. */
    NAMESPACES("call unshare 0x10000000"),
    /** Mounts something. */
    MOUNT("call mount text:proc text:/proc text:proc 0 0"),
    /** Raises its own limits. */
    RAISE_LIMITS("call prlimit64 0 7 page 0"),
    /** Becomes dumpable, and so readable for others. */
    DUMPABLE("call prctl 4 1 0 0 0"),
    /** Adds a filter of its own, with a listener. */
    SECOND_FILTER("call seccomp 1 8 page", new Outcome.Seized(31)),
    /** Sends a descriptor to the daemon. */
    SEND_DESCRIPTOR("call sendmsg 3 page 0", new Outcome.Seized(31)),
    /** Has the kernel work for it behind the filter. */
    IO_URING("call io_uring_setup 1 page"),
    /** Handles its own page faults, to stop the kernel in its tracks. */
    USERFAULTFD("call userfaultfd 0"),
    /** Loads a program into the kernel. */
    BPF("call bpf 0 page 8"),
    /** Measures others. */
    PERF("call perf_event_open page 0 0 -1 0"),
    /** Makes memory with a descriptor. */
    MEMFD("call memfd_create text:rogue 0"),
    /** Uses the kernel's key rings. */
    KEYS("call keyctl 0 0 0 0 0"),
    /** Uses a call of KVM that no machine of ours needs. */
    KVM_DEVICE("call ioctl {kvm} 0xc00caee0 page"),
    /** Types into the operator's terminal. */
    TERMINAL("call ioctl 0 0x5412 page"),
    /** Uses the 32-bit-pointer numbers of system calls, which a careless filter doesn't look at. */
    OTHER_NUMBERS("call 0x40000014 3 page 1", new Outcome.Seized(31)),
    /** Sends a frame of random bytes. */
    GARBAGE("do garbage", new Outcome.Broke("[^\"]+")),
    /** Sends a frame of a single byte. */
    SHORT_FRAME("do short-frame", new Outcome.Broke("[^\"]+")),
    /** Sends a frame above every limit of the protocol. */
    LONG_FRAME("do long-frame", new Outcome.Broke("[^\"]+")),
    /** Acknowledges a channel that it was never given. */
    FORGE_ATTACHED("do forge-attached", new Outcome.Broke("Attached 9 of epoch 1: not expected now")),
    /** Acknowledges a channel twice. */
    ATTACHED_TWICE("do attached-twice", new Outcome.Broke("Attached 0 of epoch [0-9]+: not expected now")),
    /** Acknowledges the revocation of a channel that nobody revokes. */
    FORGE_REVOKED("do forge-revoked", new Outcome.Broke("Revoked 0 of epoch [0-9]+: not expected now")),
    /** Claims counters of a channel that it hasn't. */
    FORGE_STATUS("do forge-status", new Outcome.Broke("Status: counters of a channel that the domain hasn't")),
    /** Says again that it is in its sandbox. */
    CONFINED_TWICE("do confined-twice", new Outcome.Broke("sent 0 descriptors with Confined: [^\"]+")),
    /** Says again that its machine is built. */
    READY_TWICE("do ready-twice", new Outcome.Broke("Ready: not expected now")),
    /** Says again that its guest runs. */
    STARTED_TWICE("do started-twice", new Outcome.Broke("Started: not expected now")),
    /** Says twice that its guest has ended. */
    EXITED_TWICE("do exited-twice", new Outcome.Recorded("protocolError", true)),
    /** Answers a revocation with an epoch to come. */
    LATER_EPOCH("mode later-epoch", new Outcome.Broke("Revoked [0-9]+ of epoch [0-9]+: not expected now")),
    /** Answers the second revocation as it answered the first. */
    OLD_EPOCH("mode old-epoch", new Outcome.Broke("Revoked [0-9]+ of epoch [0-9]+: not expected now")),
    /** Asks for channels in a sibling's place. */
    FORGE_SENDER("do forge-sender", new Outcome.Recorded("refusal", false)),
    /** Asks for channels as fast as it can. */
    FLOOD_REQUESTS("do flood-requests", new Outcome.Recorded("suppressed|refusal", false)),
    /** Reports violations as fast as it can. */
    FLOOD_VIOLATIONS("do flood-violations", new Outcome.Recorded("violation", false)),
    /** Sends its state as fast as it can. */
    FLOOD_STATUS("do flood-status", new Outcome.Told("did flood-status")),
    /** Writes to its log without end. */
    FLOOD_LOG("do flood-log", new Outcome.Told("did flood-log")),
    /** Writes to its serial line without end. */
    FLOOD_SERIAL("do flood-serial", new Outcome.Told("did flood-serial")),
    /** Rings a doorbell far above its rate. */
    FLOOD_BELL("do flood-bell", new Outcome.Told("did flood-bell")),
    /** Writes to a stream whose reader is slower. */
    FLOOD_STREAM("do flood-stream", new Outcome.Told("did flood-stream")),
    /** Sends datagrams, some above the flow's size, as fast as it can. */
    FLOOD_MAIL("do flood-mail", new Outcome.Told("did flood-mail")),
    /** Fills its heap. */
    EXHAUST_HEAP("do exhaust-heap", new Outcome.Told("heap -> OutOfMemoryError")),
    /** Takes memory beside its heap and touches it. */
    EXHAUST_MEMORY("do exhaust-memory", new Outcome.Contained("memory -> REFUSED")),
    /** Opens descriptors until there are no more. */
    EXHAUST_DESCRIPTORS("do exhaust-descriptors", new Outcome.Told("descriptors -> EMFILE")),
    /** Starts threads until there are no more. */
    EXHAUST_THREADS("do exhaust-threads", new Outcome.Contained("threads -> OutOfMemoryError")),
    /** Burns what processor time there is. */
    SPIN("do spin", new Outcome.Told("did spin")),
    /** Says that it has let a channel go, keeps every descriptor and mapping, and uses them. */
    KEEP_REVOKED("mode keep-revoked", new Outcome.Told("did use-kept")),
    /** Does not answer a revocation. */
    IGNORE_REVOKE("mode ignore-revoke", new Outcome.Recorded("domainKilled", true)),
    /** Does not answer the order to stop. */
    IGNORE_STOP("mode ignore-stop", new Outcome.Recorded("domainKilled", true)),
    /** Stops itself, so that it answers nothing; as the first process of a namespace it can't. */
    STOP_ITSELF("do stop-itself", new Outcome.Recorded("domainKilled|domainStopped", true)),
    /** Closes its control socket and lives on. */
    CLOSE_CONTROL("mode close-control", new Outcome.Recorded("domainKilled", true));

    private final String line;
    private final Outcome outcome;

    Attack(String line) {
        this(line, new Outcome.Refused());
    }

    Attack(String line, Outcome outcome) {
        this.line = line;
        this.outcome = outcome;
    }

    /** How an attack must end. */
    sealed interface Outcome {
        /** The filter refused the call: recorded with its name and arguments, and the process is killed. */
        record Refused() implements Outcome {}

        /** The kernel killed the process by a signal. */
        record Seized(int signal) implements Outcome {}

        /** The daemon recorded a broken protocol, with such a detail, and killed the process. */
        record Broke(String detail) implements Outcome {}

        /** The kernel refused or bore it: the process says so, and lives. */
        record Told(String text) implements Outcome {}

        /** The process says so, or is killed for it. */
        record Contained(String text) implements Outcome {}

        /** There is a record of that kind. */
        record Recorded(String event, boolean ends) implements Outcome {}
    }

    /** What is typed. */
    String line() {
        return line;
    }

    /** How it must end. */
    Outcome outcome() {
        return outcome;
    }

    /** Whether its process must be gone. */
    boolean ends() {
        return switch (outcome) {
            case Outcome.Refused _, Outcome.Seized _, Outcome.Broke _ -> true;
            case Outcome.Recorded r -> r.ends();
            case Outcome.Told _, Outcome.Contained _ -> false;
        };
    }

    /** A pattern of the record's detail that names call and arguments, as typed. */
    static Pattern call(String typed) {
        String[] words = typed.split(" ");
        StringBuilder text = new StringBuilder("system call refused: ");
        text.append(
                Character.isDigit(words[1].charAt(0)) ? "number " + Long.decode(words[1]) : Pattern.quote(words[1]));
        text.append("\\(");
        for (int i = 2; i < words.length; i++) {
            boolean number = words[i].matches("-?[0-9].*");
            text.append(i == 2 ? "" : ", ")
                    .append(number ? "0x" + Long.toHexString(Long.decode(words[i])) : "0x[0-9a-f]+");
        }
        return Pattern.compile(text.toString());
    }
}
