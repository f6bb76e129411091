/**
 * PCI bus 0 of one guest: configuration space by ports and by ECAM, base address registers, capabilities, MSI-X and shared interrupt
 * pins. What a function does belongs to the packages of the devices; how the machine delivers interrupts to its interrupt chips.
 */
package dev.cloister.devices.pci;
