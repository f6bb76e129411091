package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A pseudo-terminal (pty(7)): the side of the person, and the side of the program. */
record PseudoTerminal(Fd person, Fd program) implements AutoCloseable {
    private static final long TIOCSPTLCK = 0x40045431L;
    private static final long TIOCGPTN = 0x80045430L;
    private static final int O_NOCTTY = 0x100;

    static PseudoTerminal open() throws ErrnoException {
        Fd person = Linux.open("/dev/ptmx", Linux.O_RDWR | O_NOCTTY);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
            Linux.check(Linux.ioctl(person.number(), TIOCSPTLCK, number), "ioctl TIOCSPTLCK", "/dev/ptmx");
            Linux.check(Linux.ioctl(person.number(), TIOCGPTN, number), "ioctl TIOCGPTN", "/dev/ptmx");
            String name = "/dev/pts/" + number.get(ValueLayout.JAVA_INT, 0);
            return new PseudoTerminal(person, Linux.open(name, Linux.O_RDWR | O_NOCTTY));
        }
    }

    @Override
    public void close() {
        program.close();
        person.close();
    }
}
