package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Starts a program that inherits exactly the descriptors and the environment that were named (posix_spawn(3)): what is not mapped is
 * closed in the child, standard input, output and error included; the environment is empty until something is put in; all signals
 * are unblocked and have their default action.
 */
public final class Spawn {
    /** Highest number that a descriptor can be given. */
    public static final int MAX_FD = 4200;

    private static final int SETSIGDEF = 0x04;
    private static final int SETSIGMASK = 0x08;
    private static final int SETSID = 0x80;
    // spawn.h, glibc x86-64
    private static final int ATTRIBUTES_SIZE = 336;
    private static final int ACTIONS_SIZE = 80;
    private static final int SIGSET_SIZE = 128;

    private final List<String> command;
    private final Map<String, String> environment = new TreeMap<>();
    private final NavigableMap<Integer, Fd> mapped = new TreeMap<>();
    private boolean ownSession;

    private Spawn(List<String> command) {
        this.command = List.copyOf(command);
        if (this.command.isEmpty() || !this.command.getFirst().startsWith("/")) {
            throw new IllegalArgumentException("a program is named by its absolute path: " + command);
        }
    }

    /**
     * Prepares to start a program.
     *
     * @param command the program's absolute path, then its arguments
     * @return this preparation
     */
    public static Spawn command(List<String> command) {
        return new Spawn(command);
    }

    /**
     * Puts a variable into the child's environment, which is otherwise empty.
     *
     * @param name the name
     * @param value the value
     * @return this preparation
     */
    public Spawn environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /**
     * Gives the child a duplicate of a descriptor.
     *
     * @param childNumber the number that it has in the child, 0 to {@value #MAX_FD}
     * @param source this process's descriptor, which stays open here and stays the caller's
     * @return this preparation
     */
    public Spawn fd(int childNumber, Fd source) {
        if (childNumber < 0 || childNumber > MAX_FD) {
            throw new IllegalArgumentException("descriptor number " + childNumber + " is not in 0 to " + MAX_FD);
        }
        mapped.put(childNumber, source);
        return this;
    }

    /**
     * Lets the child have this process's standard output and error, so that what it complains of can be seen.
     *
     * @return this preparation
     */
    public Spawn inheritOutput() {
        return fd(1, Fd.own(1)).fd(2, Fd.own(2));
    }

    /**
     * Puts the child into a session of its own: a Ctrl-C at the terminal does not reach it.
     *
     * @return this preparation
     */
    public Spawn ownSession() {
        ownSession = true;
        return this;
    }

    /**
     * Starts the program.
     *
     * @return the child
     * @throws ErrnoException {@code ENOENT} or {@code EACCES} where the program cannot be executed
     */
    public ChildProcess start() throws ErrnoException {
        List<Fd> duplicates = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            Native call = new Native(arena);
            try {
                call.mapDescriptors(mapped, duplicates);
                call.setAttributes(ownSession);
                return ChildProcess.of(call.spawn(command, environment));
            } finally {
                call.destroy();
            }
        } finally {
            duplicates.forEach(Fd::close);
        }
    }

    /** The C structures of one start. Its class is initialised, and its symbols looked up, only where something is started. */
    private static final class Native {
        private static final MemorySegment SPAWN = Linux.symbol("posix_spawn");
        private static final MemorySegment ACTIONS_INIT = Linux.symbol("posix_spawn_file_actions_init");
        private static final MemorySegment ACTIONS_DESTROY = Linux.symbol("posix_spawn_file_actions_destroy");
        private static final MemorySegment ADD_DUP2 = Linux.symbol("posix_spawn_file_actions_adddup2");
        private static final MemorySegment ADD_CLOSE = Linux.symbol("posix_spawn_file_actions_addclose");
        private static final MemorySegment ADD_CLOSE_FROM = Linux.symbol("posix_spawn_file_actions_addclosefrom_np");
        private static final MemorySegment ATTRIBUTES_INIT = Linux.symbol("posix_spawnattr_init");
        private static final MemorySegment ATTRIBUTES_DESTROY = Linux.symbol("posix_spawnattr_destroy");
        private static final MemorySegment SET_FLAGS = Linux.symbol("posix_spawnattr_setflags");
        private static final MemorySegment SET_MASK = Linux.symbol("posix_spawnattr_setsigmask");
        private static final MemorySegment SET_DEFAULT = Linux.symbol("posix_spawnattr_setsigdefault");

        private final Arena arena;
        private final MemorySegment actions;
        private final MemorySegment attributes;

        Native(Arena arena) throws ErrnoException {
            this.arena = arena;
            actions = arena.allocate(ACTIONS_SIZE, 16);
            attributes = arena.allocate(ATTRIBUTES_SIZE, 16);
            call("posix_spawn_file_actions_init", ACTIONS_INIT, actions, 0, 0);
            call("posix_spawnattr_init", ATTRIBUTES_INIT, attributes, 0, 0);
        }

        private static void call(String name, MemorySegment function, MemorySegment on, long a1, long a2)
                throws ErrnoException {
            int errno = Linux.libc(function, on.address(), a1, a2, 0, 0, 0);
            if (errno != 0) {
                throw new ErrnoException(name, "", errno);
            }
        }

        /**
         * Sources are first duplicated above every target, so that one mapping cannot overwrite the source of the next; numbers
         * between the targets are closed one by one, those above the last all at once.
         */
        void mapDescriptors(NavigableMap<Integer, Fd> mapped, List<Fd> duplicates) throws ErrnoException {
            int end = mapped.isEmpty() ? 0 : mapped.lastKey() + 1;
            for (int target = 0; target < end; target++) {
                Fd source = mapped.get(target);
                if (source == null) {
                    call("posix_spawn_file_actions_addclose", ADD_CLOSE, actions, target, 0);
                } else {
                    Fd high = source.duplicateAtLeast(end);
                    duplicates.add(high);
                    call("posix_spawn_file_actions_adddup2", ADD_DUP2, actions, high.number(), target);
                }
            }
            call("posix_spawn_file_actions_addclosefrom_np", ADD_CLOSE_FROM, actions, end, 0);
        }

        void setAttributes(boolean ownSession) throws ErrnoException {
            MemorySegment none = arena.allocate(SIGSET_SIZE, 8);
            MemorySegment all = arena.allocate(SIGSET_SIZE, 8);
            all.fill((byte) 0xff);
            call("posix_spawnattr_setsigmask", SET_MASK, attributes, none.address(), 0);
            call("posix_spawnattr_setsigdefault", SET_DEFAULT, attributes, all.address(), 0);
            int flags = SETSIGDEF | SETSIGMASK | (ownSession ? SETSID : 0);
            call("posix_spawnattr_setflags", SET_FLAGS, attributes, flags, 0);
        }

        int spawn(List<String> command, Map<String, String> environment) throws ErrnoException {
            MemorySegment pid = arena.allocate(ValueLayout.JAVA_INT);
            List<String> variables = new ArrayList<>();
            environment.forEach((name, value) -> variables.add(name + "=" + value));
            MemorySegment path = arena.allocateFrom(command.getFirst());
            int errno = Linux.libc(
                    SPAWN,
                    pid.address(),
                    path.address(),
                    actions.address(),
                    attributes.address(),
                    strings(command),
                    strings(variables));
            if (errno != 0) {
                throw new ErrnoException("posix_spawn", "\"" + command.getFirst() + "\"", errno);
            }
            return pid.get(ValueLayout.JAVA_INT, 0);
        }

        /** A NULL-terminated array of C strings. */
        private long strings(List<String> texts) {
            MemorySegment array = arena.allocate(ValueLayout.JAVA_LONG, texts.size() + 1L);
            for (int i = 0; i < texts.size(); i++) {
                array.setAtIndex(
                        ValueLayout.JAVA_LONG,
                        i,
                        arena.allocateFrom(texts.get(i)).address());
            }
            return array.address();
        }

        void destroy() {
            Linux.libc(ACTIONS_DESTROY, actions.address(), 0, 0, 0, 0, 0);
            Linux.libc(ATTRIBUTES_DESTROY, attributes.address(), 0, 0, 0, 0, 0);
        }
    }
}
