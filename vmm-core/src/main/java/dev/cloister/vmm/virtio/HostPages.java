package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.balloon.BalloonMemory;
import dev.cloister.linux.Mapping;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import dev.cloister.mmu.TransferView;
import java.util.List;

/**
 * A guest's RAM as its balloon gives it back. Nothing else of the guest's memory can be given back: firmware, pages that are shared with
 * the VMM, windows of channels, persistent memory.
 *
 * <p>The host addresses stay mapped. What reaches them past guest memory (KVM's slots, software TLBs, a transfer that is under way) meets
 * pages of zeros; decoded code of the pages is forgotten and the pages count as written, as after any write.
 */
final class HostPages implements BalloonMemory {
    private final GuestMemory memory;
    private final List<Region> ram;

    /** The RAM of a memory; regions that come later are never given back. */
    HostPages(GuestMemory memory) {
        this.memory = memory;
        this.ram = memory.regions().stream()
                .filter(region -> region.kind() == Region.Kind.RAM && !PmemConfig.isRange(region.name()))
                .toList();
    }

    /** How much RAM there is, in bytes. */
    long bytes() {
        return ram.stream().mapToLong(Region::size).sum();
    }

    @Override
    public boolean release(long gpa, long bytes) {
        for (Region region : ram) {
            long offset = gpa - region.gpa();
            if (offset >= 0 && offset < region.size()) {
                if (bytes > region.size() - offset) {
                    return false;
                }
                if (Mapping.discard(region.host().asSlice(offset, bytes))) {
                    TransferView.written(memory, gpa, bytes);
                }
                return true;
            }
        }
        return false;
    }
}
