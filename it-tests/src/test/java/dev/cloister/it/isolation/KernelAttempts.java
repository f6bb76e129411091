package dev.cloister.it.isolation;

import static dev.cloister.it.isolation.Attempt.answer;
import static dev.cloister.it.isolation.Attempt.fault;
import static dev.cloister.it.isolation.Attempt.nobody;
import static dev.cloister.it.isolation.Attempt.nothing;
import static dev.cloister.it.isolation.Attempt.unchanged;
import static dev.cloister.it.isolation.Attempt.unchangedOrRefused;
import static dev.cloister.it.isolation.Attempt.violation;

import java.util.List;

/** What kernel code of a guest tries ({@code prober.asm}), in its order. */
final class KernelAttempts {
    private static final String MARK = "600d600d600d600d";
    private static final String MARK_OR_FAULT = MARK + "|#1[34]";

    private KernelAttempts() {}

    static final List<Attempt> MEMORY = List.of(
            nobody("read-above-ram", "read behind the end of RAM"),
            nobody("write-above-ram", "write there, and read it again"),
            answer("read-over-end-of-ram", "read 8 bytes, 4 of them RAM", "ones above", "ffffffff11223344"),
            answer("write-over-end-of-ram", "write 8 bytes, 4 of them RAM", "ones above", "ffffffff11223344"),
            answer(
                    "read-hole",
                    "read 1, 2 and 4 bytes of the hole below 4 GiB, unaligned",
                    "ones of each size",
                    "1000100fd"),
            nobody("write-hole", "write 1 to 8 bytes there"),
            nobody("locked-hole", "`lock inc`, `lock bts`, `lock and`"),
            nobody("exchange-hole", "`xchg`, `lock xadd`"),
            nobody("compare-hole", "`lock cmpxchg`"),
            nobody("compare16-hole", "`lock cmpxchg16b`, which the emulator completes on some hosts"),
            nobody("copy-from-hole", "`rep movs` out of the hole"),
            nobody("copy-to-hole", "`rep movs` into it"),
            answer("store-string-over-end", "`rep stos` over the end of RAM", "RAM up to its end, no more", "77"),
            nobody("vector-hole", "16 bytes by `movdqu`"),
            nobody("stack-in-hole", "a stack in the hole: `push`, `pop`"),
            answer("answers-above-ram", "search every 64 KiB up to 3 GiB", "nobody answers", "0"),
            answer(
                    "answers-in-hole",
                    "search from 3 GiB to 4 GiB, but for the channel area, every 16 KiB",
                    "its channels' functions, the PCI functions' configuration, the IOAPIC, the local APIC; pages that"
                            + " KVM keeps for itself",
                    "c0010000-c0040000 e0000000-e0000000 e0008000-e0008000 e0010000-e0010000 e0018000-e0018000"
                            + " e0020000-e0020000 e0028000-e0028000 (fec0[0-9a-f]{4}-fec0[0-9a-f]{4}"
                            + " )?(fee0[0-9a-f]{4}-fee0[0-9a-f]{4} )?(feff[cdef]000-feff[cdef]000 )?[a-d]"),
            answer(
                    "answers-in-area",
                    "search the channel area page by page",
                    "the guest's own directory, request page and three windows",
                    "d0000000-d0001000 d0200000-d022f000 32"),
            answer("answers-high", "search each power of two above 4 GiB, and the last page of each", "nobody", "0"),
            violation(
                    "read-area",
                    "read in the channel area where this guest has nothing",
                    "ffffffffffffffff",
                    "out-of-window: read of 8 bytes at gpa 0xdfff0000.*"),
            violation(
                    "write-area",
                    "write there",
                    "ffffffffffffffff",
                    "out-of-window: write of 4 bytes at gpa 0xdfff0008.*"));

    static final List<Attempt> READ_ONLY = List.of(
            unchanged("ro-store", "store into the one-way region that the guest may only read"),
            unchanged("ro-store-byte", "store a byte"),
            unchanged("ro-locked", "`lock inc`"),
            unchanged("ro-exchange", "`xchg`"),
            unchanged("ro-compare", "`lock cmpxchg` with the right value"),
            unchanged("ro-compare8", "`lock cmpxchg8b`"),
            unchanged("ro-compare16", "`lock cmpxchg16b`, completed by the emulator on some hosts"),
            unchanged("ro-store-string", "`rep stos`"),
            unchanged("ro-copy", "`rep movs`"),
            unchanged("ro-port-string", "`rep ins`: a device's answer as the data"),
            unchanged("ro-non-temporal", "`movnti`"),
            unchanged("ro-vector", "`movdqu`"),
            unchanged("ro-fxsave", "`fxsave`: 512 bytes at once"),
            unchangedOrRefused("ro-swapped", "`movbe`"),
            unchanged("ro-fpu", "`fnstcw`"),
            unchanged("ro-push", "a stack in the region: `push`"),
            unchanged("ro-over-edge", "store over the region's edge into a window that may be written"),
            new Attempt(
                    "ro-directory",
                    "store into the directory page",
                    "unchanged, violation `read-only-write`",
                    "494f4c43",
                    "read-only-write: .*directory at gpa 0xd0000040"),
            unchanged("ro-pci", "store into the region through its PCI function", "PCI memory"),
            unchangedOrRefused("ro-clear-line", "`clflush` and prefetches"));

    static final List<Attempt> TABLES = List.of(
            answer(
                    "accessed-bit",
                    "use a page table that lies in the one-way region: the processor sets accessed bits",
                    "the guest's own memory or a page fault; the table unchanged",
                    MARK_OR_FAULT),
            answer("dirty-bit", "write through that table", "the same", MARK_OR_FAULT),
            answer("dirty-bit-emulated", "`cmpxchg16b` through it", "the same", MARK_OR_FAULT),
            fault("reserved-bit", "an entry with bit 51", "#14"),
            fault("above-physical-width", "an entry just above the width that CPUID tells", "#14"),
            fault("not-canonical", "an address that isn't canonical", "#1[34]"),
            fault("host-kernel-text", "read where a Linux host has its kernel", "#14"),
            fault("host-direct-map", "read where a Linux host maps all memory", "#14"),
            fault("host-vsyscall", "read the host's vsyscall page", "#14"),
            answer(
                    "own-page-at-host-text",
                    "map own memory at a host's addresses and read it",
                    "own memory or a fault",
                    MARK_OR_FAULT));

    static final List<Attempt> DOORBELLS = List.of(
            violation("bell-inbound-event", "ring the doorbell of an inbound event", "0", "bad-doorbell: .*"),
            violation("bell-inbound-memory", "ring that of an inbound memory channel", "0", "bad-doorbell: .*"),
            violation("bell-of-no-channel", "ring the first one that has no channel", "0", "bad-doorbell: .*"),
            nothing("bell-all-others", "ring all the others, and ports behind them"),
            nothing("bell-narrow", "ring own ones by 8 and 16 bits"),
            nothing("bell-from-below", "32 bits from ports below, reaching into the doorbells"),
            nothing("bell-string", "`rep outs` behind the doorbells"),
            answer("bell-read", "read a doorbell", "ones", "ffffffff"),
            violation("request-garbage", "a request with wild operation and kind", "5", "bad-request: .*"),
            violation("request-direction", "a request with a wild direction", "5", "bad-request: .*"),
            answer("request-undeclared", "ask for a channel that no flow declares", "refused, recorded", "3"),
            answer("request-unending-name", "a name without end", "malformed or refused", "[345]"),
            nothing("interrupt-others", "interrupts, NMI, INIT and start-up to processors that there aren't"));

    static final List<Attempt> PORTS = List.of(
            answer(
                    "ports-that-answer",
                    "read all 65,536 ports",
                    "only the machine's own devices answer",
                    "([0-9a-f]{2,3}-[0-9a-f]{2,3} )+(b004-b005 )?[0-9a-f]{2}"),
            answer(
                    "ports-that-answer-words",
                    "the same by 32 bits",
                    "the same",
                    "([0-9a-f]{2,3}-[0-9a-f]{2,3} )+(b004-b005 )?[0-9a-f]{2}"),
            nothing("ports-zeros", "write zeros to all ports but the serial line and own doorbells"),
            nothing("ports-ones", "write ones to all but those that end a PC and the interrupt controllers"),
            nothing("ports-string-from-hole", "`rep outs` out of a hole"),
            nothing("ports-string-into-hole", "`rep ins` over the end of RAM"),
            nothing("ports-endless-string", "200,000 bytes by one `rep outs`"));

    static final List<Attempt> REGISTERS = List.of(
            answer("msr-identifying", "read MSRs that name the chip (PPIN, platform)", "none, or 0", "0"),
            answer("msr-measuring", "read energy, temperature, frequency, counters, last branches", "none, or 0", "0"),
            answer(
                    "msr-all",
                    "read all MSRs of six ranges; those with a value are printed",
                    "constants of KVM, own state, and IA32_ARCH_CAPABILITIES",
                    "([0-9a-f]{2,8} ){0,60}0"),
            nothing("msr-wild-clock", "have the host write its clock into the one-way region, the directory, holes"),
            nothing("msr-wild-steal-time", "the same with steal time"),
            nothing("msr-wild-page-fault", "the same with asynchronous page faults"),
            nothing("msr-wild-end-of-interrupt", "the same with ends of interrupts"),
            fault("msr-reserved-bits", "set all bits of EFER", "#13"),
            answer("pmc", "`rdpmc`", "own counter or an exception", "#13|[0-9a-f]+"),
            answer("cpuid-cloister", "CPUID 0x4000_0100", "Cloister's leaf", "696f6c43|0"),
            answer("cpuid-serial-number", "the processor's serial number", "none", "0"),
            answer("cpuid-topology", "APIC id in leaves 1 and 0xB", "the vCPU's, not the host's", "0"),
            answer("cpuid-beyond", "leaves that there aren't", "an answer", "0"),
            answer("tsc-forward", "time stamp counter", "goes forward", "1"),
            answer(
                    "tsc-age",
                    "its age in units of 2^41: whether it tells for how long the host has been on",
                    "0 on hardware KVM; software-assisted KVM shows the host's counter",
                    "[0-9a-f]{1,4}"),
            answer("debug-registers", "set a reserved bit of DR7", "exception or ignored", "#13|0"),
            answer("control-reserved", "set a reserved bit of CR4", "exception or ignored", "#13|0"));

    static final List<Attempt> RINGS = List.of(
            nothing("ring-random-headers", "40 random headers and counters in own outbound ring"),
            nothing("ring-honest-again", "then an honest record, which must arrive"),
            nothing("stream-forged-epoch", "accept an opening of a stream that there never was"),
            violation("stream-impossible", "impossible indices in a stream", "1", "ring-corrupt: stream talk.*"),
            nothing("bell-own", "at last the one honest signal, which must arrive"));

    static List<Attempt> all() {
        return List.of(MEMORY, READ_ONLY, TABLES, DOORBELLS, PORTS, REGISTERS, RINGS).stream()
                .flatMap(List::stream)
                .toList();
    }
}
