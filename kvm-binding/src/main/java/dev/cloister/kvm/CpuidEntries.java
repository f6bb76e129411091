package dev.cloister.kvm;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A table of CPUID leaves that can be changed and given to a vCPU ({@link Vcpu#setCpuid}). Not thread-safe. */
public final class CpuidEntries {
    /** {@link Entry#flags}: the leaf has sub-leaves, and ECX selects among them. */
    public static final int SIGNIFICANT_INDEX = 1;

    // struct kvm_cpuid2 { u32 nent, padding; kvm_cpuid_entry2 entries[] }, struct kvm_cpuid_entry2 is 10 u32
    private static final int HEADER = 8;
    private static final int ENTRY = 40;
    private static final int FIRST_QUERY = 128;
    private static final int MAX_ENTRIES = 4096;

    private final List<Entry> entries = new ArrayList<>();

    /**
     * One leaf.
     *
     * @param function the leaf (EAX)
     * @param index the sub-leaf (ECX), where {@link #SIGNIFICANT_INDEX} is among the flags
     * @param flags {@code KVM_CPUID_FLAG_…} bits
     * @param eax what the guest gets in EAX
     * @param ebx what the guest gets in EBX
     * @param ecx what the guest gets in ECX
     * @param edx what the guest gets in EDX
     */
    public record Entry(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {
        /**
         * A leaf without sub-leaves.
         *
         * @param function the leaf (EAX)
         * @param eax what the guest gets in EAX
         * @param ebx what the guest gets in EBX
         * @param ecx what the guest gets in ECX
         * @param edx what the guest gets in EDX
         * @return the entry
         */
        public static Entry leaf(int function, int eax, int ebx, int ecx, int edx) {
            return new Entry(function, 0, 0, eax, ebx, ecx, edx);
        }

        boolean answers(int wantedFunction, int wantedIndex) {
            return function == wantedFunction && ((flags & SIGNIFICANT_INDEX) == 0 || index == wantedIndex);
        }
    }

    /** Creates an empty table. */
    public CpuidEntries() {}

    /**
     * The leaves, in the table's order.
     *
     * @return a copy
     */
    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /**
     * Looks a leaf up as the CPUID instruction does.
     *
     * @param function the leaf (EAX)
     * @param index the sub-leaf (ECX); ignored by leaves without sub-leaves
     * @return the entry; empty where the table has none
     */
    public Optional<Entry> get(int function, int index) {
        return entries.stream().filter(e -> e.answers(function, index)).findFirst();
    }

    /**
     * Puts a leaf in, in place of the one that it answers for.
     *
     * @param entry the leaf
     */
    public void set(Entry entry) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).answers(entry.function(), entry.index())) {
                entries.set(i, entry);
                return;
            }
        }
        entries.add(entry);
    }

    /**
     * Takes a leaf out with all its sub-leaves.
     *
     * @param function the leaf
     */
    public void remove(int function) {
        entries.removeIf(e -> e.function() == function);
    }

    static CpuidEntries query(Fd fd, long request, String name) throws ErrnoException {
        for (int room = FIRST_QUERY; ; room *= 2) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment table = arena.allocate(HEADER + (long) room * ENTRY, 8);
                table.set(ValueLayout.JAVA_INT, 0, room);
                long result = Linux.ioctl(fd.number(), request, table);
                if (result == -Errno.E2BIG && room < MAX_ENTRIES) {
                    continue;
                }
                Linux.check(result, name, fd.toString());
                return parse(table, Math.clamp(table.get(ValueLayout.JAVA_INT, 0), 0, room));
            }
        }
    }

    private static CpuidEntries parse(MemorySegment table, int count) {
        CpuidEntries result = new CpuidEntries();
        for (int i = 0; i < count; i++) {
            int[] w = table.asSlice(HEADER + (long) i * ENTRY, ENTRY).toArray(ValueLayout.JAVA_INT);
            result.entries.add(new Entry(w[0], w[1], w[2], w[3], w[4], w[5], w[6]));
        }
        return result;
    }

    MemorySegment toNative(Arena arena) {
        MemorySegment table = arena.allocate(HEADER + (long) entries.size() * ENTRY, 8);
        table.set(ValueLayout.JAVA_INT, 0, entries.size());
        for (int i = 0; i < entries.size(); i++) {
            Entry e = entries.get(i);
            int[] w = {e.function, e.index, e.flags, e.eax, e.ebx, e.ecx, e.edx};
            MemorySegment.copy(w, 0, table, ValueLayout.JAVA_INT, HEADER + (long) i * ENTRY, w.length);
        }
        return table;
    }
}
