/** The registers of one logical processor and what it asks of its surroundings: linear memory, ports, MSRs, CPUID, clock. What belongs here is state and interfaces that others implement; no instruction is executed here. */
package dev.cloister.emulator.cpu;
