package dev.cloister.devices.virtio.net;

import dev.cloister.devices.virtio.ConfigSpace;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.DeviceTraits;
import dev.cloister.devices.virtio.TokenBucket;
import dev.cloister.devices.virtio.VirtQueue;
import dev.cloister.devices.virtio.VirtioDevice;
import java.io.IOException;
import java.lang.foreign.Arena;

/**
 * The network device (virtio 1.2, 5.1) with one pair of queues: checksums and segments as far as its port knows them, merged receive
 * buffers, the state of the link, the largest frame. Each queue has a thread of its own. A frame for which the guest has no buffer
 * waits at the port; one that the port doesn't take is lost, and the guest is not told.
 */
public final class NetDevice implements VirtioDevice, NetPort.Listener {
    static final int QUEUE_SIZE = 256;

    private static final int TYPE = 1;
    private static final int CLASS = 0x02_00_00;
    private static final int RECEIVE = 0;
    private static final int QUEUES = 2;

    private static final int CONFIG_BYTES = 12;
    private static final int STATUS_AT = 6;
    private static final int PAIRS_AT = 8;
    private static final int MTU_AT = 10;
    private static final int LINK_UP = 1;
    private static final int ADDRESS_BYTES = 6;

    private final NetPort port;
    private final NetSettings settings;
    private final Receiver receiver;
    private final Transmitter transmitter;
    private final DeviceTraits traits;
    private final ConfigSpace config = new ConfigSpace(CONFIG_BYTES);
    private volatile DeviceHost host;

    /**
     * A device.
     *
     * @param port where its frames go; the caller starts it with this device as its listener, and closes it after the transport
     * @param settings how it is shown
     */
    public NetDevice(NetPort port, NetSettings settings) {
        this.port = port;
        this.settings = settings;
        traits = new DeviceTraits(TYPE, settings.name(), CLASS, QUEUES, QUEUE_SIZE);
        Arena arena = Arena.ofAuto();
        receiver = new Receiver(
                port,
                new TokenBucket(settings.bytesPerSecond(), System::nanoTime),
                arena.allocate(NetPort.HEADER_BYTES, Long.BYTES),
                arena.allocate(NetPort.MAX_FRAME_BYTES, Long.BYTES));
        transmitter = new Transmitter(
                port,
                new TokenBucket(settings.bytesPerSecond(), System::nanoTime),
                arena.allocate(NetPort.HEADER_BYTES, Long.BYTES));
        for (int i = 0; i < ADDRESS_BYTES; i++) {
            config.put(i, Byte.BYTES, settings.address().octet(i));
        }
        config.put(PAIRS_AT, Short.BYTES, 1).put(MTU_AT, Short.BYTES, settings.mtu());
    }

    @Override
    public DeviceTraits traits() {
        return traits;
    }

    @Override
    public long features() {
        long mtu = settings.mtu() == 0 ? 0 : NetFeatures.MTU;
        return NetFeatures.MAC
                | NetFeatures.STATUS
                | NetFeatures.MRG_RXBUF
                | mtu
                | port.offloads() & NetFeatures.OFFLOADS;
    }

    @Override
    public ConfigSpace config() {
        config.put(STATUS_AT, Short.BYTES, port.isUp() ? LINK_UP : 0);
        return config;
    }

    @Override
    public void activate(long features, DeviceHost transport) {
        long usable = NetFeatures.consistent(features);
        use(usable & NetFeatures.OFFLOADS, transport);
        receiver.activate((features & NetFeatures.MRG_RXBUF) != 0, transport);
        transmitter.activate(usable, transport);
        host = transport;
    }

    private void use(long offloads, DeviceHost tell) {
        try {
            port.use(offloads);
        } catch (IOException e) {
            tell.note(e.getMessage());
        }
    }

    @Override
    public void notified(int number, VirtQueue queue) {
        if (number == RECEIVE) {
            receiver.serve(queue);
        } else {
            transmitter.serve(queue);
        }
    }

    @Override
    public void readable() {
        DeviceHost transport = host;
        if (transport != null) {
            transport.wake(RECEIVE);
        }
    }

    @Override
    public void linkChanged() {
        DeviceHost transport = host;
        if (transport != null) {
            transport.configChanged();
        }
    }

    @Override
    public void reset() {
        DeviceHost transport = host;
        host = null;
        receiver.reset();
        if (transport != null) {
            use(0, transport);
        }
    }
}
