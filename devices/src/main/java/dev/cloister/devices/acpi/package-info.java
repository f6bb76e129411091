/**
 * ACPI (specification 6.5): the tables that describe a machine to its guest, as pure functions of {@link
 * dev.cloister.devices.acpi.AcpiMachine}, and the power management registers that they point to. What the tables name must be on the
 * buses; this package puts nothing there but {@link dev.cloister.devices.acpi.PowerManagement}.
 */
package dev.cloister.devices.acpi;
