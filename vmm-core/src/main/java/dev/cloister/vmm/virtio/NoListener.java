package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.net.NetPort;

/** Who is told before there is a device. */
enum NoListener implements NetPort.Listener {
    INSTANCE;

    @Override
    public void readable() {
        // Nobody waits.
    }

    @Override
    public void linkChanged() {
        // Nobody looks.
    }
}
