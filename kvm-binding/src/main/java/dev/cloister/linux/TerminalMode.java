package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * The settings of a terminal as they were found, to which it can be given back, and the raw ones beside them (termios(3),
 * ioctl_tty(2)). Any thread; changing the settings allocates nothing and makes no other call than {@code ioctl}.
 */
public final class TerminalMode {
    /** {@code ioctl} request that reads the settings. */
    static final long TCGETS = 0x5401;
    /** {@code ioctl} request that changes them at once. */
    static final long TCSETS = 0x5402;

    private static final long TIOCGPGRP = 0x540f;
    private static final long SYS_GETPGRP = 111;

    // asm-generic/termbits.h: struct termios { c_iflag, c_oflag, c_cflag, c_lflag; c_line; c_cc[19]; }
    private static final int BYTES = 36;
    private static final int IFLAG = 0;
    private static final int OFLAG = 4;
    private static final int CFLAG = 8;
    private static final int LFLAG = 12;
    private static final int FIRST_KEY = 17;
    private static final int KEYS = 19;
    private static final int VTIME = FIRST_KEY + 5;
    private static final int VMIN = FIRST_KEY + 6;
    /** The C library's structure has room for more. */
    private static final int LIBRARY_KEYS = 32;

    /** IGNBRK BRKINT PARMRK ISTRIP INLCR IGNCR ICRNL IXON: input passes as it is typed. */
    private static final int NOT_INPUT = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400;
    /** OPOST ONLCR: what other programs print beside the guest begins its lines at the left. */
    private static final int OUTPUT = 0x1 | 0x4;
    /** ISIG ICANON ECHO ECHONL IEXTEN: no signals, no lines, no echo. */
    private static final int NOT_LOCAL = 0x1 | 0x2 | 0x8 | 0x40 | 0x8000;
    /** CSIZE PARENB. */
    private static final int NOT_CONTROL = 0x30 | 0x100;

    private static final int CS8 = 0x30;

    private final int fd;
    private final long processGroup;
    private final MemorySegment found;
    private final MemorySegment raw;
    private final MemorySegment foreground;

    private TerminalMode(int fd, MemorySegment found, Arena arena) {
        this.fd = fd;
        this.found = found;
        this.processGroup = Linux.syscall(SYS_GETPGRP, 0, 0, 0, 0, 0, 0);
        this.foreground = arena.allocate(ValueLayout.JAVA_INT);
        this.raw = arena.allocate(BYTES, Integer.BYTES).copyFrom(found);
        change(IFLAG, NOT_INPUT, 0);
        change(OFLAG, 0, OUTPUT);
        change(CFLAG, NOT_CONTROL, CS8);
        change(LFLAG, NOT_LOCAL, 0);
        raw.set(ValueLayout.JAVA_BYTE, VMIN, (byte) 1);
        raw.set(ValueLayout.JAVA_BYTE, VTIME, (byte) 0);
    }

    private void change(int field, int without, int with) {
        raw.set(ValueLayout.JAVA_INT, field, raw.get(ValueLayout.JAVA_INT, field) & ~without | with);
    }

    /**
     * Reads the settings of a descriptor's terminal.
     *
     * @param fd its number; it stays open as long as this object is used
     * @return the settings; empty where the descriptor is no terminal
     */
    public static Optional<TerminalMode> of(int fd) {
        // A few bytes for the process's life: a shutdown hook may use them at any time.
        Arena arena = Arena.global();
        MemorySegment found = arena.allocate(BYTES, Integer.BYTES);
        return Linux.ioctl(fd, TCGETS, found) < 0 ? Optional.empty() : Optional.of(new TerminalMode(fd, found, arena));
    }

    /**
     * Whether this process may use the terminal now: a shell's job in the background would be stopped by the attempt.
     *
     * @return true in the foreground, and where the terminal is not the process's controlling one
     */
    public boolean isForeground() {
        return Linux.ioctl(fd, TIOCGPGRP, foreground) < 0
                || foreground.get(ValueLayout.JAVA_INT, 0) == (int) processGroup;
    }

    /**
     * Lets every byte pass as it is typed, Ctrl-C as well; what is printed still begins its lines at the left.
     *
     * @throws ErrnoException when the kernel refuses
     */
    public void setRaw() throws ErrnoException {
        set(raw);
    }

    /**
     * Gives the terminal its settings back.
     *
     * @throws ErrnoException {@code EIO} when the terminal is gone
     */
    public void restore() throws ErrnoException {
        set(found);
    }

    /**
     * The settings that were found, as {@code stty -g} prints them and {@code stty} takes them.
     *
     * @return numbers in hexadecimal with colons between
     */
    public String foundText() {
        return text(found);
    }

    /**
     * The raw settings, likewise.
     *
     * @return numbers in hexadecimal with colons between
     */
    public String rawText() {
        return text(raw);
    }

    private static String text(MemorySegment mode) {
        StringBuilder text = new StringBuilder();
        for (int field = IFLAG; field <= LFLAG; field += Integer.BYTES) {
            text.append(Integer.toHexString(mode.get(ValueLayout.JAVA_INT, field)))
                    .append(':');
        }
        for (int i = 0; i < LIBRARY_KEYS; i++) {
            int key = i < KEYS ? mode.get(ValueLayout.JAVA_BYTE, FIRST_KEY + i) & 0xff : 0;
            text.append(Integer.toHexString(key)).append(i < LIBRARY_KEYS - 1 ? ":" : "");
        }
        return text.toString();
    }

    private void set(MemorySegment mode) throws ErrnoException {
        Linux.check(Linux.ioctl(fd, TCSETS, mode), "ioctl TCSETS", "terminal, fd " + fd);
    }
}
