/**
 * The buses of one guest and the devices on them: port and memory-mapped I/O dispatch, the 16550A serial port, CMOS and real-time
 * clock, keyboard controller, reset, power-off and debug ports. A device knows its registers and the small interfaces through which
 * it raises an interrupt, emits a byte or asks for power-off; it knows neither KVM nor policy. Whatever a guest writes, a device
 * keeps its state bounded and throws nothing.
 */
package dev.cloister.devices;
