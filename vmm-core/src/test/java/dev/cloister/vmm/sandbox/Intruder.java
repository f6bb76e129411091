package dev.cloister.vmm.sandbox;

import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.Seccomp;
import dev.cloister.linux.SystemCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A process that enters the sandbox and then asks for one system call, given by name and arguments; {@code path} is a path's address. */
public final class Intruder {
    private Intruder() {}

    public static void main(String[] arguments) throws Exception {
        // Classes of a build lie in folders, where nothing can be opened any more later on.
        Linux.syscall(SystemCalls.number("getpid"), 0, 0, 0, 0, 0, 0);
        Seccomp.isListener(Fd.own(0));
        Thread thread = new Thread(() -> System.out.println("ran"));
        if (arguments[0].equals("thread")) {
            Sandbox.enterAlone();
            thread.start();
            thread.join();
            return;
        }
        long number = Character.isDigit(arguments[0].charAt(0))
                ? Long.decode(arguments[0])
                : SystemCalls.number(arguments[0]);
        MemorySegment path = Arena.global().allocateFrom("/etc/passwd");
        long[] values = new long[6];
        for (int i = 1; i < arguments.length; i++) {
            values[i - 1] = arguments[i].equals("path") ? path.address() : Long.decode(arguments[i]);
        }
        Sandbox.enterAlone();
        long result = Linux.syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
        System.out.println("result " + result);
    }
}
