/**
 * The processor in software as others use it: {@link dev.cloister.emulator.Executor} executes instructions on a {@link
 * dev.cloister.emulator.cpu.CpuState}, {@link dev.cloister.emulator.Disassembler} shows them. What belongs in the packages
 * below is what the processor manuals define; nothing here knows KVM or a device.
 */
package dev.cloister.emulator;
