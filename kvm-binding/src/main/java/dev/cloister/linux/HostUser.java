package dev.cloister.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A user of the host, passwd(5).
 *
 * @param name login name
 * @param uid user id
 * @param gid id of the user's first group
 */
public record HostUser(String name, int uid, int gid) {
    // struct passwd, glibc x86-64: char *pw_name, *pw_passwd; uid_t pw_uid; gid_t pw_gid; ...
    private static final int PW_UID = 16;
    private static final int PW_GID = 20;
    private static final int PASSWD_BYTES = 48;

    /**
     * Looks a user up, getpwnam(3). Not thread-safe: for the start of a process.
     *
     * @param name login name
     * @return the user; empty if there is none of that name
     */
    public static Optional<HostUser> named(String name) {
        try (Arena arena = Arena.ofConfined()) {
            long entry = Linux.function(
                    Linux.symbol("getpwnam"), arena.allocateFrom(name).address(), 0, 0);
            if (entry == 0) {
                return Optional.empty();
            }
            MemorySegment passwd = MemorySegment.ofAddress(entry).reinterpret(PASSWD_BYTES);
            return Optional.of(new HostUser(
                    name, passwd.get(ValueLayout.JAVA_INT, PW_UID), passwd.get(ValueLayout.JAVA_INT, PW_GID)));
        }
    }

    /**
     * Makes this user the owner of a file or folder, chown(2); doesn't follow a symbolic link.
     *
     * @param file the file
     * @throws IOException when the kernel refuses
     */
    public void own(Path file) throws IOException {
        Files.setAttribute(file, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(file, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Turns this process, all its threads, into one of this user's: groups, group and user ids, initgroups(3), setresgid(2),
     * setresuid(2), by the C library, which does it for every thread. Capabilities go with the last of it, capabilities(7). For good.
     *
     * @throws ErrnoException {@code EPERM} for a process that isn't root's
     */
    public void become() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            long text = arena.allocateFrom(name).address();
            check("initgroups", Linux.function(Linux.symbol("initgroups"), text, gid, 0));
            check("setresgid", Linux.function(Linux.symbol("setresgid"), gid, gid, gid));
            check("setresuid", Linux.function(Linux.symbol("setresuid"), uid, uid, uid));
        }
    }

    private void check(String call, long result) throws ErrnoException {
        // An int is returned: -1 comes without its upper half.
        if ((int) result < 0) {
            throw new ErrnoException(call, "user " + name + " (" + uid + ")", -(int) result);
        }
    }

    /**
     * Returns the effective user of this process, geteuid(2).
     *
     * @return 0 for root
     */
    public static int effective() {
        return (int) Linux.function(Linux.symbol("geteuid"), 0, 0, 0);
    }
}
