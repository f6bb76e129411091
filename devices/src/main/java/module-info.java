/** Buses and device models of one guest; knows neither KVM nor policy. */
module dev.cloister.devices {
    requires transitive dev.cloister.mmu;

    exports dev.cloister.devices;
    exports dev.cloister.devices.acpi;
    exports dev.cloister.devices.interrupt;
    exports dev.cloister.devices.ivshmem;
    exports dev.cloister.devices.pci;
    exports dev.cloister.devices.smbios;
    exports dev.cloister.devices.timer;
    exports dev.cloister.devices.virtio;
    exports dev.cloister.devices.virtio.balloon;
    exports dev.cloister.devices.virtio.block;
    exports dev.cloister.devices.virtio.console;
    exports dev.cloister.devices.virtio.net;
    exports dev.cloister.devices.virtio.pmem;
    exports dev.cloister.devices.virtio.rng;
    exports dev.cloister.devices.virtio.vsock;
}
