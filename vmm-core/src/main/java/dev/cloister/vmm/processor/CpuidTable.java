package dev.cloister.vmm.processor;

import dev.cloister.kvm.CpuidEntries;
import dev.cloister.kvm.CpuidEntries.Entry;
import dev.cloister.policy.channel.DirectoryLayout;

/**
 * What the CPUID instruction tells a guest: what this host's KVM supports, with the machine's topology and Cloister's own leaves put
 * in. No feature is hidden by name: the host was asked.
 */
public final class CpuidTable {
    private static final int CLOISTER_BASE = 0x4000_0100;
    private static final int CLOISTER_VERSION = 1;
    private static final int HYPERVISOR_BIT = 1 << 31;
    private static final int HTT_BIT = 1 << 28;
    private static final int LOGICAL_LEVEL = 1 << 8;
    private static final int CORE_LEVEL = 2 << 8;
    private static final int FEATURES = 1;
    private static final int TOPOLOGY = 0xb;
    private static final int TOPOLOGY_V2 = 0x1f;
    private static final int EXTENDED_MAX = 0x8000_0000;
    private static final int ADDRESS_SIZES = 0x8000_0008;
    private static final int AMD_TOPOLOGY = 0x8000_001e;
    private static final int EXTENDED_FEATURES = 0x8000_0001;
    private static final int GIGABYTE_PAGES = 1 << 26;
    private static final int DEFAULT_WIDTH = 36;

    private CpuidTable() {}

    /**
     * Changes a table of what KVM supports into that of one vCPU.
     *
     * @param table changed in place
     * @param apicId this vCPU's APIC id, which is its number
     * @param cpus how many vCPUs the machine has: cores of one package, one thread each
     */
    public static CpuidEntries forVcpu(CpuidEntries table, int apicId, int cpus) {
        int shift = Integer.SIZE - Integer.numberOfLeadingZeros(cpus - 1);
        table.get(FEATURES, 0).ifPresent(e -> table.set(features(e, apicId, cpus)));
        topology(table, TOPOLOGY, apicId, cpus, shift);
        if (table.get(TOPOLOGY_V2, 0).isPresent()) {
            topology(table, TOPOLOGY_V2, apicId, cpus, shift);
        }
        table.get(ADDRESS_SIZES, 0).ifPresent(e -> {
            // Core count less one, and the width of the core number in the APIC id (AMD APM vol. 3, E.4.7).
            int ecx = e.ecx() & ~0xf0ff | cpus - 1 | shift << 12;
            table.set(Entry.leaf(ADDRESS_SIZES, e.eax(), e.ebx(), ecx, e.edx()));
        });
        table.get(AMD_TOPOLOGY, 0).ifPresent(e -> table.set(Entry.leaf(AMD_TOPOLOGY, apicId, apicId, 0, 0)));
        cloister(table);
        return table;
    }

    private static Entry features(Entry e, int apicId, int cpus) {
        int ebx = e.ebx() & 0xffff | apicId << 24 | cpus << 16;
        int edx = cpus > 1 ? e.edx() | HTT_BIT : e.edx() & ~HTT_BIT;
        return Entry.leaf(FEATURES, e.eax(), ebx, e.ecx() | HYPERVISOR_BIT, edx);
    }

    /** Extended topology: one thread for each core, all cores in one package (Intel SDM vol. 2, CPUID leaf 0BH). */
    private static void topology(CpuidEntries table, int leaf, int apicId, int cpus, int shift) {
        table.remove(leaf);
        int indexed = CpuidEntries.SIGNIFICANT_INDEX;
        table.set(new Entry(leaf, 0, indexed, 0, 1, LOGICAL_LEVEL, apicId));
        table.set(new Entry(leaf, 1, indexed, shift, cpus, CORE_LEVEL | 1, apicId));
        table.set(new Entry(leaf, 2, indexed, 0, 0, 2, apicId));
    }

    /** A second hypervisor block, 0x100 above KVM's own, as hypervisors that show several interfaces do. */
    private static void cloister(CpuidEntries table) {
        int[] values = new int[4];
        for (int leaf = CLOISTER_BASE; cloister(leaf, values); leaf++) {
            table.set(Entry.leaf(leaf, values[0], values[1], values[2], values[3]));
        }
    }

    /** Answers one of Cloister's own leaves with EAX, EBX, ECX and EDX; false for any other leaf. */
    public static boolean cloister(int leaf, int[] result) {
        long directory = DirectoryLayout.DIRECTORY_GPA;
        switch (leaf) {
            case CLOISTER_BASE -> {
                result[0] = CLOISTER_BASE + 1;
                result[1] = word('C', 'l', 'o', 'i');
                result[2] = word('s', 't', 'e', 'r');
                result[3] = word('V', 'M', 'M', '\0');
            }
            case CLOISTER_BASE + 1 -> {
                result[0] = CLOISTER_VERSION;
                result[1] = (int) directory;
                result[2] = (int) (directory >>> Integer.SIZE);
                result[3] = 0;
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private static int word(char a, char b, char c, char d) {
        return a | b << 8 | c << 16 | d << 24;
    }

    /** Physical address bits that the table tells (36 where it does not say, as the manuals have it). */
    public static int physicalAddressBits(CpuidEntries table) {
        return table.get(ADDRESS_SIZES, 0).map(e -> e.eax() & 0xff).orElse(DEFAULT_WIDTH);
    }

    /** Whether the table tells of 1 GiB pages. */
    public static boolean gigabytePages(CpuidEntries table) {
        return table.get(EXTENDED_FEATURES, 0)
                .map(e -> (e.edx() & GIGABYTE_PAGES) != 0)
                .orElse(false);
    }

    /** The leaf that the CPUID instruction answers with, also for leaves outside the table (Intel SDM vol. 2, CPUID). */
    public static void answer(CpuidEntries table, int leaf, int subleaf, int[] result) {
        Entry entry = table.get(leaf, subleaf).orElse(null);
        boolean extended = Integer.compareUnsigned(leaf, EXTENDED_MAX) >= 0;
        if (entry == null && !extended) {
            int highest = table.get(0, 0).map(Entry::eax).orElse(0);
            entry = Integer.compareUnsigned(leaf, highest) > 0
                    ? table.get(highest, subleaf).orElse(null)
                    : null;
        }
        result[0] = entry == null ? 0 : entry.eax();
        result[1] = entry == null ? 0 : entry.ebx();
        result[2] = entry == null ? 0 : entry.ecx();
        result[3] = entry == null ? 0 : entry.edx();
    }
}
