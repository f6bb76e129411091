/**
 * The machine of one guest: assembly from its configuration, the choice of its engine, its channels, its life from start to report.
 *
 * <p>What belongs here joins the rooms below it, and only {@code process} is above it. From the bottom: {@code report} (how a run
 * ended), {@code processor} (the CPUID that a guest is shown), {@code config} (what a machine is made from), {@code memory},
 * {@code board} (buses, devices, tables), {@code engine} with {@code engine.direct} and {@code engine.emulated}. Beside them stand
 * {@code loader} (guest images), {@code channel}, {@code ivshmem}, {@code virtio}, {@code vsock} and {@code console} (host sides of
 * devices), {@code debug}, {@code sandbox}, {@code host} and {@code terminal}.
 *
 * <p>Threads: one platform thread per vCPU runs the exit path, which allocates nothing; one thread per stream channel relays bytes;
 * one drains the console; control comes from any thread through {@link dev.cloister.vmm.Machine}.
 */
@NullMarked
package dev.cloister.vmm;

import org.jspecify.annotations.NullMarked;
