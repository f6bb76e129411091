/**
 * The shared memory device of QEMU's specification "Device Specification for Inter-VM shared memory device" (ivshmem, revision 1):
 * registers, message-signalled interrupts and the range of the memory. What memory lies there, who the peer is and what a doorbell
 * does belongs to the machine.
 */
package dev.cloister.devices.ivshmem;
