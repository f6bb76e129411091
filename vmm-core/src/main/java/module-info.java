/** The machine of one guest: loaders, vCPU threads, portals, engines and the VMM process. */
module dev.cloister.vmm {
    requires transitive dev.cloister.kvm;
    requires transitive dev.cloister.mmu;
    requires transitive dev.cloister.devices;
    requires transitive dev.cloister.policy;
    requires dev.cloister.emulator;
    requires com.fasterxml.jackson.core;
    requires org.tukaani.xz;
    requires aircompressor.v3;
    requires static org.jspecify;

    exports dev.cloister.vmm;
    exports dev.cloister.vmm.config;
    exports dev.cloister.vmm.console;
    exports dev.cloister.vmm.host;
    exports dev.cloister.vmm.loader;
    exports dev.cloister.vmm.process;
    exports dev.cloister.vmm.processor;
    exports dev.cloister.vmm.report;
    exports dev.cloister.vmm.sandbox;
    exports dev.cloister.vmm.terminal;
    exports dev.cloister.vmm.virtio;
    exports dev.cloister.vmm.vsock;
}
