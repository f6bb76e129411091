package dev.cloister.it.isolation;

import static dev.cloister.it.isolation.Attempt.answer;
import static dev.cloister.it.isolation.Attempt.fault;
import static dev.cloister.it.isolation.Attempt.nobody;
import static dev.cloister.it.isolation.Attempt.unchanged;
import static dev.cloister.it.isolation.Attempt.unchangedOrRefused;
import static dev.cloister.it.isolation.Attempt.violation;

import java.util.List;

/** What user code of a guest tries ({@code user.asm}), in its order: on software-assisted KVM it runs on the processor itself. */
final class UserAttempts {
    private static final String MARK_OR_FAULT = "600d600d600d600d|#1[34]";
    private static final String NO_INSTRUCTION = "#6|#13";

    private UserAttempts() {}

    static final List<Attempt> MEMORY = List.of(
            answer("vector-registers", "AVX registers before their first use", "zeros, or no AVX", "0|#6"),
            nobody("user-read-above-ram", "read behind the end of RAM"),
            nobody("user-write-hole", "write into the hole, and read it again"),
            nobody("user-locked-hole", "`lock inc`"),
            nobody("user-compare16-hole", "`lock cmpxchg16b`"),
            answer("user-over-end-of-ram", "8 bytes, 4 of them RAM", "ones above", "ffffffff11223344"),
            answer("user-wide-hole", "32 bytes by AVX", "ones, or #6", "ffffffffffffffff|#6"),
            fault("user-supervisor-page", "read a page of the guest's kernel", "#14"),
            fault("user-supervisor-write", "write it", "#14"),
            fault("user-not-canonical", "an address that isn't canonical", "#1[34]"),
            fault("user-host-text", "read where a Linux host has its kernel", "#14"),
            fault("user-host-direct-map", "read where a Linux host maps all memory", "#14"),
            fault("user-host-entry-area", "read where a Linux host has its entry code and stacks", "#14"),
            fault("user-vsyscall", "read the host's vsyscall page", "#14"),
            answer(
                    "user-foreign-table",
                    "use a page table that lies in the one-way region",
                    "own memory or a page fault; the table unchanged",
                    MARK_OR_FAULT),
            answer("user-foreign-table-write", "write through it", "the same", MARK_OR_FAULT),
            answer("user-local-apic", "the guest's own local APIC", "its version", "[0-9a-f]{2}"),
            violation(
                    "user-area",
                    "read in the channel area where this guest has nothing",
                    "ffffffffffffffff",
                    "out-of-window: read of 8 bytes at gpa 0xdfff0000.*"));

    static final List<Attempt> READ_ONLY = List.of(
            unchanged("user-ro-store", "store into the one-way region"),
            unchanged("user-ro-locked", "`lock inc`"),
            unchanged("user-ro-compare16", "`lock cmpxchg16b`"),
            unchanged("user-ro-string", "`rep stos`"),
            unchanged("user-ro-vector", "`movdqu`"),
            unchangedOrRefused("user-ro-wide", "32 bytes by AVX"),
            unchangedOrRefused("user-ro-save", "`fxsave`"),
            unchangedOrRefused("user-ro-clear-line", "`clflush`, prefetches also for writing"),
            unchangedOrRefused("user-ro-zero-line", "`clzero`"),
            new Attempt(
                    "user-directory",
                    "store into the directory page",
                    "unchanged, violation `read-only-write`",
                    "494f4c43",
                    "read-only-write: .*directory at gpa 0xd0000040"));

    static final List<Attempt> PRIVILEGED = List.of(
            fault("user-cli", "`cli`", "#13"),
            fault("user-hlt", "`hlt`", "#13"),
            fault("user-in", "`in` of a port", "#13"),
            fault("user-out", "`out` to the serial port", "#13"),
            fault("user-bell", "a doorbell, which the guest's kernel has not allowed", "#13"),
            fault("user-rdmsr", "`rdmsr`", "#13"),
            fault("user-wrmsr", "`wrmsr` of the system call's entry", "#13"),
            fault("user-mov-cr3", "read CR3", "#13"),
            fault("user-mov-dr7", "read DR7", "#13"),
            fault("user-lgdt", "`lgdt`", "#13"),
            fault("user-lidt", "`lidt`", "#13"),
            fault("user-ltr", "`ltr`", "#13"),
            fault("user-invlpg", "`invlpg`", "#13"),
            fault("user-wbinvd", "`wbinvd`", "#13"),
            fault("user-swapgs", "`swapgs`", "#13"),
            fault("user-xsetbv", "`xsetbv`", NO_INSTRUCTION),
            fault("user-load-kernel-segment", "load a segment of the kernel", "#13"),
            fault("user-far-return", "far return to kernel code", "#13"),
            fault("user-iret-to-kernel", "`iretq` to kernel code", "#13"));

    static final List<Attempt> TELLING = List.of(
            answer("user-sgdt", "`sgdt`: less the guest's own address", "the guest's, or #13", "0|#13"),
            answer("user-sidt", "`sidt`: less the guest's own address", "the guest's, or #13", "0|#13"),
            answer("user-sldt", "`sldt`", "the guest's, or #13", "0|#13"),
            answer("user-str", "`str`", "the guest's, or #13", "28|#13"),
            answer("user-smsw", "`smsw`", "the guest's, or #13", "80[0-9a-f]{6}|#13"),
            answer("user-rdpmc", "`rdpmc`", "exception", "#13|#6"),
            answer("user-rdpru", "`rdpru`: clocks of the host's processor", "exception", NO_INSTRUCTION),
            answer(
                    "user-processor",
                    "`rdpid`",
                    "0 or #6; software-assisted KVM shows the number of the host's processor",
                    "[0-9a-f]{1,6}|#6"),
            answer("user-tsc-offset", "time stamp counter less the kernel's", "the same clock", "0"),
            answer(
                    "user-cpuid",
                    "CPUID 0x4000_0100",
                    "Cloister's leaf (some software-assisted KVMs: the processor's own)",
                    "696f6c43|[0-9a-f]+"),
            answer("user-cpuid-topology", "the APIC id in leaf 1", "the vCPU's (there: the host's)", "[0-9a-f]{1,2}"),
            answer("user-fs-base", "`rdfsbase`", "the guest's", "0|#6"),
            answer("user-gs-base", "`rdgsbase`", "the guest's", "0|#6"));

    static final List<Attempt> LEAVING = List.of(
            fault("user-int-80", "`int 0x80`", "#6|#13"),
            fault("user-int-other", "`int` of a gate that is the kernel's", "#6|#13"),
            fault("user-undefined", "`ud2`", "#6"),
            fault("user-divide", "divide by zero", "#0"),
            fault("user-single-step", "the trap flag", "#1"),
            fault("user-debug", "`int1`", "#1"),
            fault("user-alignment", "the alignment flag", "#17|[0-9a-f]+"),
            nobody("user-stack-in-hole", "a stack in the hole"),
            fault("user-execute-hole", "execute where there is no memory", "#6"),
            fault("user-execute-window", "execute what the peer wrote", "#\\d+"),
            fault("user-monitor", "`monitor`", NO_INSTRUCTION));

    static List<Attempt> all() {
        return List.of(MEMORY, READ_ONLY, PRIVILEGED, TELLING, LEAVING).stream()
                .flatMap(List::stream)
                .toList();
    }
}
