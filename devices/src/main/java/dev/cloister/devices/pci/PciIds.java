package dev.cloister.devices.pci;

/**
 * What a function says that it is (PCI Local Bus Specification 3.0, 6.2.1 and 6.2.4).
 *
 * @param vendor vendor, 16 bits
 * @param device device, 16 bits
 * @param subsystemVendor subsystem's vendor, 16 bits
 * @param subsystem subsystem, 16 bits
 * @param classCode base class, subclass and programming interface, 24 bits
 * @param revision revision, 8 bits
 */
public record PciIds(int vendor, int device, int subsystemVendor, int subsystem, int classCode, int revision) {}
