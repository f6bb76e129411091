/**
 * The processor in software: its state, a decoder for every mode, an executor, event delivery and the text form of
 * instructions. What belongs here is what the processor manuals define; memory is reached through {@link
 * dev.cloister.emulator.LinearMemory}, ports through {@link dev.cloister.emulator.PortIo}, and everything else that a
 * processor asks of its surroundings (MSRs, CPUID, clock) through {@link dev.cloister.emulator.CpuEnvironment}. Nothing
 * here knows KVM or a device.
 */
package dev.cloister.emulator;
