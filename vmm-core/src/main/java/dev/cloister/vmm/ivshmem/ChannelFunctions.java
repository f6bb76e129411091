package dev.cloister.vmm.ivshmem;

import dev.cloister.devices.ivshmem.IvshmemFunction;
import dev.cloister.devices.ivshmem.IvshmemMemory;
import dev.cloister.devices.ivshmem.IvshmemPeer;
import dev.cloister.devices.pci.MsiSink;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.linux.ErrnoException;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.vmm.channel.ChannelPages;
import dev.cloister.vmm.channel.ChannelWindow;
import dev.cloister.vmm.channel.Violations;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The ivshmem functions of one machine: one for each memory or event channel that it has when it is made, in directory order. A function
 * stays for the machine's life, whether its channel is open or not; a place of the directory that is used again keeps its function.
 */
public final class ChannelFunctions {
    /** The number that the sending end of a channel has. */
    static final int SENDER = 0;

    /** The number that the receiving end has: whom a sender's doorbell signals. */
    static final int RECEIVER = 1;

    /**
     * What of the machine the functions are connected to.
     *
     * @param pci the bus
     * @param memory the guest's memory
     * @param sink where message-signalled interrupts go
     * @param slots the engine's view of memory that moves
     * @param pages the channels' windows
     * @param directory the directory page
     * @param violations told of what the guest tries
     * @param doorbell rings the channel of a place, or finds that it has no doorbell
     */
    public record Wiring(
            PciHost pci,
            GuestMemory memory,
            MsiSink sink,
            GuestSlots slots,
            ChannelPages pages,
            MemorySegment directory,
            Violations violations,
            IntConsumer doorbell) {}

    private final Wiring wiring;
    private final InterruptSwitch interrupts;
    private final List<String> notes = new ArrayList<>();

    /**
     * Puts the functions on the bus, behind what is there.
     *
     * @param channels the machine's channels, in directory order
     * @param wiring what they are connected to
     * @param interrupts where the channels' interrupts go
     * @throws IllegalStateException where the host refuses memory its place
     */
    public ChannelFunctions(List<ChannelConfig> channels, Wiring wiring, InterruptSwitch interrupts) {
        this.wiring = wiring;
        this.interrupts = interrupts;
        for (ChannelConfig channel : channels) {
            if (channel.kind() == FlowKind.MEMORY || channel.kind() == FlowKind.EVENT) {
                add(channel);
            }
        }
    }

    private void add(ChannelConfig channel) {
        try {
            wiring.pci().attach(function(channel).function());
        } catch (IllegalArgumentException e) {
            notes.add("channel " + channel.flow() + " has no PCI function, only its window: " + e.getMessage());
        }
    }

    private IvshmemFunction function(ChannelConfig channel) {
        boolean sends = channel.direction() == Direction.OUT;
        @Nullable ChannelWindow window = wiring.pages().window(channel.index());
        @Nullable MemorySegment host = window == null ? null : window.segment();
        End end = new End(channel.index(), sends);
        SharedWindow shared = new SharedWindow(
                "PCI memory of channel " + channel.flow(),
                channel.index(),
                host,
                !sends,
                new SharedWindow.Surroundings(wiring.memory(), wiring.slots(), wiring.violations()),
                end::take);
        IvshmemFunction function = new IvshmemFunction(
                sends ? SENDER : RECEIVER,
                new IvshmemMemory(host == null ? 0 : host.byteSize(), shared, shared),
                new EntryView(wiring.directory(), channel.index()),
                end,
                wiring.sink());
        end.connect(function, shared);
        return function;
    }

    /** The channel's end behind a function. */
    private final class End implements IvshmemPeer {
        private final int place;
        private final boolean sends;
        private @Nullable IvshmemFunction function;
        private @Nullable SharedWindow shared;

        End(int place, boolean sends) {
            this.place = place;
            this.sends = sends;
        }

        void connect(IvshmemFunction made, SharedWindow window) {
            function = made;
            shared = window;
        }

        /** A sender has one peer with one vector; a receiver has none, and is told on. */
        @Override
        public void ring(int peer, int vector) {
            if (!sends || peer == RECEIVER && vector == 0) {
                wiring.doorbell().accept(place);
            }
        }

        /** The guest has a driver for the bus: the channel's interrupts are the function's. */
        void take() {
            IvshmemFunction known = function;
            if (known == null) {
                return;
            }
            try {
                interrupts.take(place, known::interrupt);
            } catch (ErrnoException e) {
                throw refused(e);
            }
        }

        @Override
        public void reset() {
            SharedWindow window = shared;
            if (window != null) {
                window.reset();
            }
            try {
                interrupts.release(place);
            } catch (ErrnoException e) {
                throw refused(e);
            }
        }

        private IllegalStateException refused(ErrnoException e) {
            return new IllegalStateException(
                    "the interrupt of channel place " + place + " cannot be moved: " + e.getMessage(), e);
        }
    }

    /**
     * Which channels have no function, and why.
     *
     * @return one line for each
     */
    public List<String> notes() {
        return List.copyOf(notes);
    }
}
