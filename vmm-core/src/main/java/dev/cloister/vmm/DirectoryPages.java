package dev.cloister.vmm;

import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.vmm.config.MachineConfig;
import java.lang.foreign.MemorySegment;

/** Fills the directory page from a machine's configuration; a guest that runs without a daemon finds one without channels. */
final class DirectoryPages {
    private DirectoryPages() {}

    static void write(MemorySegment page, MachineConfig config) {
        DomainConfig domain = new DomainConfig(
                config.domain().id(),
                config.domain().name(),
                "",
                config.memory().bytes(),
                config.processor().cpus(),
                Engine.DIRECT,
                "",
                "",
                false,
                false,
                DaemonLoss.SEVER,
                config.devices().channels());
        DirectoryLayout.write(page, domain);
    }
}
