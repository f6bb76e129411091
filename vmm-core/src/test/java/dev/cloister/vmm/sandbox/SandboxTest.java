package dev.cloister.vmm.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.SystemCalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a process in the sandbox asks for and doesn't get, each in a process of its own; and what it must go on getting. */
@Timeout(600)
class SandboxTest {
    /** 128 and SIGSYS. */
    private static final int REFUSED = 159;

    private record Ended(int code, String output) {}

    private static Ended run(String line) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Intruder.class.getName()));
        command.addAll(List.of(line.split(" ")));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(line).isTrue();
        return new Ended(process.exitValue(), output);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "open path 0 0",
                "openat 0xffffff9c path 0 0",
                "openat 0xffffff9c path 0x80001 0",
                "openat 0xffffff9c path 0x80002 0",
                "openat 0xffffff9c path 0x80040 0x1b6",
                "openat2 0xffffff9c path 0 0",
                "stat path 0",
                "readlink path 0 0",
                "socket 1 1 0",
                "socket 2 1 0",
                "socketpair 1 1 0 0",
                "connect 3 0 0",
                "bind 3 0 0",
                "execve path 0 0",
                "execveat 0xffffff9c path 0 0 0",
                "fork",
                "vfork",
                "clone 0 0 0 0 0",
                "clone 0x10000000 0 0 0 0",
                "unshare 0x10000000",
                "setns 3 0",
                "mount path path 0 0 0",
                "umount2 path 0",
                "pivot_root path path",
                "chroot path",
                "ptrace 16 1 0 0",
                "process_vm_readv 1 0 0 0 0 0",
                "process_vm_writev 1 0 0 0 0 0",
                "kcmp 1 1 0 0 0",
                "pidfd_open 1 0",
                "pidfd_getfd 3 3 0",
                "kill 1 0",
                "tkill 1 0",
                "tgkill 1 1 0",
                "rt_sigqueueinfo 1 1 0",
                "bpf 0 0 0",
                "io_uring_setup 1 0",
                "userfaultfd 0",
                "perf_event_open 0 0 0 0 0",
                "memfd_create path 0",
                "ftruncate 3 0",
                "fallocate 3 0 0 0",
                "sendmsg 3 0 0",
                "sendmmsg 3 0 0 0",
                "sendto 3 0 0 0 4096 0",
                "dup 3",
                "keyctl 0 0 0 0 0",
                "add_key path path 0 0 0",
                "finit_module 3 path 0",
                "kexec_load 0 0 0 0",
                "reboot 0 0 0 0",
                "prctl 22 2 0 0 0",
                "prctl 4 1 0 0 0",
                "seccomp 1 0 0",
                "personality 0",
                "setuid 0",
                "capset 0 0",
                "prlimit64 0 4 0 0",
                "sched_setscheduler 0 0 0",
                "sched_setaffinity 1 0 0",
                "ioctl 0 0x5412 path",
                "ioctl 0 0xae42 0",
                "ioctl 0 0xc00caee0 0",
                "mmap 0 4096 7 2 3 0",
                "mmap 0 4096 5 1 3 0",
                "mmap 0 4096 0x100000003 0x22 -1 0",
                "mprotect 0 4096 0x1000000",
                "madvise 0 4096 21",
                "fcntl 0 1033 0 0",
                "fcntl 0 1030 0 0",
                "fstat 0 path",
                "rt_sigaction 31 0 0 8",
                "sigaltstack 0 0",
                "mprotect 0 4096 7",
                "mprotect 0 4096 5",
                "mprotect 0 4096 1",
                "mmap 0 4096 5 0x22 -1 0",
                "madvise 0 4096 14",
                "ioctl 0 0x81a0ae8c 0",
                "fcntl 0 8 1 0",
                // A 64-bit call by its x32 number.
                "0x40000014 1 0 0",
            })
    void theKernelIsNotAsked(String call) throws Exception {
        Ended ended = run(call);
        assertThat(ended.code()).as("%s: %s", call, ended.output()).isEqualTo(REFUSED);
        assertThat(ended.output()).doesNotContain("result");
        String name = call.split(" ")[0];
        if (!Character.isDigit(name.charAt(0))) {
            // Without a daemon that listens the process itself says what it was refused.
            assertThat(ended.output()).contains("the sandbox refused system call " + name + " and ended the run");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "getpid",
                "clone3 0 0",
                "mmap 0 4096 3 0x22 -1 0",
                "mmap 0 4096 7 0x22 -1 0",
                "fcntl 0 3 0 0",
                "thread",
            })
    void whatItNeedsGoesOn(String call) throws Exception {
        Ended ended = run(call);
        assertThat(ended.code()).as("%s: %s", call, ended.output()).isZero();
    }

    /** What the JVM itself may ask for at any time fails, and nothing else happens. */
    @Test
    void whatTheJvmLooksForIsNotThere() throws Exception {
        Ended ended = run("openat 0xffffff9c path 0x80000 0");
        assertThat(ended.code()).as(ended.output()).isZero();
        assertThat(ended.output()).contains("result -13");
    }

    @Test
    void theListNamesOnlyWhatThereIsAndGivesReasons() {
        SystemCallList list = SystemCallList.load(1);
        assertThat(list.entries()).isNotEmpty().allSatisfy(entry -> {
            assertThat(SystemCalls.number(entry.call())).isNotNegative();
            assertThat(entry.reason()).isNotBlank();
        });
        System.out.println("system calls: "
                + list.entries().stream()
                        .map(SystemCallList.Entry::call)
                        .distinct()
                        .count() + ", lines: "
                + list.entries().size());
    }
}
