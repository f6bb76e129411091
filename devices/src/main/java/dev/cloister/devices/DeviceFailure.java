package dev.cloister.devices;

/**
 * How a device model failed.
 *
 * @param device the name that it was attached with
 * @param address the port or guest-physical address of the access
 * @param size bytes of the access
 * @param write whether it was a write
 * @param value what was written; 0 for a read
 * @param cause what the device threw
 */
public record DeviceFailure(String device, long address, int size, boolean write, long value, Throwable cause) {
    /**
     * One line for a report.
     *
     * @return what failed, the access, and the cause
     */
    public String describe() {
        return "device '" + device + "' failed at "
                + (write ? "a write of 0x" + Long.toHexString(value) + " (" : "a read (") + size + " bytes) at 0x"
                + Long.toHexString(address) + " and was taken out of service: " + cause;
    }
}
