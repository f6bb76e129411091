package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;

/**
 * Tells of a system call that a filter refused with {@link BpfProgram#TRAP}, on stderr, and ends the process. The handler of SIGSYS is a
 * few instructions of machine code with one prepared line for each call: nothing of the JVM runs in it, so that it works on any
 * thread in any state.
 */
public final class TrapReport {
    private static final int SIGSYS = 31;
    private static final int SIGNAL_SET_BYTES = 8;
    private static final int SA_SIGINFO = 4;
    private static final int SA_RESTORER = 0x0400_0000;
    /** The last line is for all calls with higher numbers. */
    private static final int LINES = 512;

    private static final int LINE_SHIFT = 8;
    private static final int LINE_BYTES = 1 << LINE_SHIFT;
    private static final int PAGE = 4096;
    private static final int STDERR = 2;
    private static final int SYS_EXIT_GROUP = 231;
    private static final int PROT_READ = 1;
    private static final int PROT_EXEC = 4;

    private TrapReport() {}

    /**
     * Sets the handler, for good.
     *
     * @param line what to say of a system call, by its number; ASCII, cut to 254 characters; a line break is added
     * @param exitCode the code with which the process then ends
     * @throws ErrnoException when the kernel refuses
     */
    public static void install(IntFunction<String> line, int exitCode) throws ErrnoException {
        // Never unmapped: the handler is there for the process's life.
        MemorySegment lines = Mapping.anonymous((long) LINES * LINE_BYTES).segment();
        for (int i = 0; i < LINES; i++) {
            byte[] text = line.apply(i).getBytes(StandardCharsets.US_ASCII);
            int length = Math.min(text.length, LINE_BYTES - 2);
            MemorySegment place = lines.asSlice((long) i * LINE_BYTES, LINE_BYTES);
            place.set(ValueLayout.JAVA_BYTE, 0, (byte) (length + 1));
            MemorySegment.copy(text, 0, place, ValueLayout.JAVA_BYTE, 1, length);
            place.set(ValueLayout.JAVA_BYTE, length + 1L, (byte) '\n');
        }
        Mapping code = Mapping.anonymous(PAGE);
        byte[] handler = handler(lines.address(), exitCode);
        MemorySegment.copy(handler, 0, code.segment(), ValueLayout.JAVA_BYTE, 0, handler.length);
        protect(lines.address(), lines.byteSize(), PROT_READ);
        protect(code.address(), PAGE, PROT_READ | PROT_EXEC);
        handle(code.address());
    }

    /** void handler(int, siginfo_t *, void *) of x86-64; siginfo_t has si_syscall at 24. It doesn't return. */
    private static byte[] handler(long lines, int exitCode) {
        ByteBuffer code = ByteBuffer.allocate(96).order(ByteOrder.LITTLE_ENDIAN);
        put(code, 0x8b, 0x46, 0x18); // mov eax, [rsi + 24]
        put(code, 0x3d).putInt(LINES - 1); // cmp eax, LINES - 1
        put(code, 0x76, 0x05); // jbe over the next
        put(code, 0xb8).putInt(LINES - 1); // mov eax, LINES - 1
        put(code, 0xc1, 0xe0, LINE_SHIFT); // shl eax, LINE_SHIFT
        put(code, 0x48, 0xbe).putLong(lines); // mov rsi, lines
        put(code, 0x48, 0x01, 0xc6); // add rsi, rax
        put(code, 0x0f, 0xb6, 0x16); // movzx edx, byte [rsi]
        put(code, 0x48, 0xff, 0xc6); // inc rsi
        put(code, 0xbf).putInt(STDERR); // mov edi, 2
        put(code, 0xb8).putInt((int) Linux.SYS_WRITE); // mov eax, write
        put(code, 0x0f, 0x05); // syscall
        put(code, 0xbf).putInt(exitCode); // mov edi, exitCode
        put(code, 0xb8).putInt(SYS_EXIT_GROUP); // mov eax, exit_group
        put(code, 0x0f, 0x05, 0xf4); // syscall; hlt
        return code.array();
    }

    private static ByteBuffer put(ByteBuffer code, int... bytes) {
        for (int each : bytes) {
            code.put((byte) each);
        }
        return code;
    }

    private static void protect(long address, long size, int protection) throws ErrnoException {
        Linux.check(
                Linux.syscall(Linux.SYS_MPROTECT, address, size, protection, 0, 0, 0),
                "mprotect",
                size + " bytes for the handler of SIGSYS");
    }

    private static void handle(long handler) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            // struct sigaction as the kernel has it: handler, flags, restorer, mask. The handler doesn't return, but
            // the
            // kernel delivers no signal without a restorer.
            MemorySegment action = arena.allocate(ValueLayout.JAVA_LONG, 4);
            action.setAtIndex(ValueLayout.JAVA_LONG, 0, handler);
            action.setAtIndex(ValueLayout.JAVA_LONG, 1, SA_SIGINFO | SA_RESTORER);
            action.setAtIndex(ValueLayout.JAVA_LONG, 2, handler);
            Linux.check(
                    Linux.syscall(Linux.SYS_RT_SIGACTION, SIGSYS, action.address(), 0, SIGNAL_SET_BYTES, 0, 0),
                    "rt_sigaction",
                    "SIGSYS");
        }
    }
}
