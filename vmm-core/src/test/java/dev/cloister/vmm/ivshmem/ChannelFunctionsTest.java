package dev.cloister.vmm.ivshmem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.MmioBus;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import dev.cloister.devices.pci.PciFunction;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.pci.PciIds;
import dev.cloister.devices.pci.PciWindow;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.GuestMemoryException;
import dev.cloister.mmu.Region;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.ViolationKind;
import dev.cloister.vmm.channel.ChannelPages;
import dev.cloister.vmm.channel.ChannelSignals;
import dev.cloister.vmm.channel.ChannelWindow;
import dev.cloister.vmm.channel.Violations;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The functions of channels without a processor: rights, interrupts that change hands, resets, and storms by a hostile guest. */
class ChannelFunctionsTest {
    private static final long ECAM = 0xE000_0000L;
    private static final long RAM = 1 << 20;
    private static final long BYTES = 0x3_0000;
    private static final int COMMAND = 4;
    private static final int BAR0 = 0x10;
    private static final int BAR2 = 0x18;

    private final MmioBus mmio = new MmioBus();
    private final MemorySegment ram = Arena.ofAuto().allocate(RAM, 4096);
    private final GuestMemory memory = GuestMemory.builder().ram("RAM", 0, ram).build();
    private final MemorySegment directory = Arena.ofAuto().allocate(DirectoryLayout.PAGE_BYTES, 8);
    private final Map<Integer, ChannelWindow> windows = new LinkedHashMap<>();
    private final List<ViolationKind> violations = new ArrayList<>();
    private final List<Integer> rings = new ArrayList<>();
    private final Map<Integer, Long> slots = new TreeMap<>();
    private final List<String> bindings = new ArrayList<>();
    private final PciHost pci = new PciHost(
            List.of(new PciWindow(0xC000_0000L, 0x1000_0000L), new PciWindow(0xE010_0000L, 0x1EB0_0000L)),
            _ -> _ -> {});
    private boolean hostRefuses;

    private final ChannelSignals fixed = new ChannelSignals() {
        @Override
        public void bindDoorbell(Fd event, int port) {
            bindings.add("doorbell " + port);
        }

        @Override
        public void unbindDoorbell(Fd event, int port) {
            bindings.add("no doorbell " + port);
        }

        @Override
        public void bindInterrupt(Fd event, int gsi) {
            bindings.add("gsi " + gsi);
        }

        @Override
        public void unbindInterrupt(Fd event, int gsi) {
            bindings.add("no gsi " + gsi);
        }
    };

    private final Map<Fd, Runnable> watched = new LinkedHashMap<>();

    private final InterruptSwitch interrupts = new InterruptSwitch(fixed, new SignalSource() {
        @Override
        public void bind(Fd event, Runnable action) {
            watched.put(event, action);
        }

        @Override
        public void unbind(Fd event) {
            watched.remove(event);
        }
    });

    ChannelFunctionsTest() {
        PortDevice none = new PortDevice() {
            @Override
            public long read(int offset, int size) {
                return 0;
            }

            @Override
            public void write(int offset, int size, long value) {
                // No reset here.
            }
        };
        pci.attachTo(new PortBus(), none, mmio, ECAM);
    }

    @AfterEach
    void close() {
        windows.values().forEach(ChannelWindow::close);
    }

    private static ChannelConfig memoryChannel(int index, Direction direction) {
        long gpa = DirectoryLayout.WINDOWS_GPA + index * BYTES;
        return new ChannelConfig(
                index,
                "m" + index,
                FlowKind.MEMORY,
                direction,
                "peer",
                new ChannelConfig.Window(gpa, BYTES, 64, 16),
                ChannelConfig.Limits.NONE,
                ChannelConfig.Sockets.NONE);
    }

    private static ChannelConfig eventChannel(int index, Direction direction) {
        return new ChannelConfig(
                index,
                "e" + index,
                FlowKind.EVENT,
                direction,
                "peer",
                ChannelConfig.Window.NONE,
                ChannelConfig.Limits.NONE,
                ChannelConfig.Sockets.NONE);
    }

    private List<String> make(ChannelConfig... channels) throws ErrnoException {
        for (ChannelConfig channel : channels) {
            if (channel.window().sizeBytes() > 0) {
                windows.put(
                        channel.index(),
                        new ChannelWindow(channel.window().sizeBytes(), channel.direction() == Direction.OUT));
            }
        }
        ChannelPages pages = new ChannelPages() {
            @Override
            public @Nullable ChannelWindow window(int index) {
                return windows.get(index);
            }

            @Override
            public void directoryDeclared(ChannelConfig channel) {
                throw new AssertionError("not here");
            }

            @Override
            public void directoryLive(int index, int epoch) {
                throw new AssertionError("not here");
            }

            @Override
            public void directorySevered(int index) {
                throw new AssertionError("not here");
            }
        };
        GuestSlots guest = new GuestSlots() {
            @Override
            public void place(int place, long gpa, MemorySegment host, boolean readOnly) throws ErrnoException {
                if (hostRefuses) {
                    throw new ErrnoException("ioctl", "memory slot", Errno.ENOMEM);
                }
                assertThat(slots.putIfAbsent(place, gpa)).isNull();
            }

            @Override
            public void remove(int place) {
                assertThat(slots.remove(place)).isNotNull();
            }
        };
        ChannelFunctions.Wiring wiring = new ChannelFunctions.Wiring(
                pci,
                memory,
                (_, _) -> {},
                guest,
                pages,
                directory,
                new Violations((kind, _, _) -> violations.add(kind)),
                rings::add);
        return new ChannelFunctions(List.of(channels), wiring, interrupts).notes();
    }

    private long config(int slot, int register, int size) {
        return mmio.read(ECAM + (slot << 15) + register, size);
    }

    private void setConfig(int slot, int register, int size, long value) {
        mmio.write(ECAM + (slot << 15) + register, size, value);
    }

    private long base(int slot) {
        return config(slot, BAR2, 8) & ~0xfL;
    }

    @Test
    void bothEndsSeeTheSameMemoryWithTheirOwnRights() throws Exception {
        make(memoryChannel(0, Direction.OUT), memoryChannel(1, Direction.IN), eventChannel(2, Direction.OUT));
        assertThat(slots).containsExactly(Map.entry(0, base(1)), Map.entry(1, base(2)));
        memory.writeLong(base(1) + 0x2_fff8L, 42);
        assertThat(Objects.requireNonNull(windows.get(0)).segment().get(ValueLayout.JAVA_LONG, 0x2_fff8))
                .isEqualTo(42);
        assertThat(memory.readLong(base(2))).isZero();
        assertThatThrownBy(() -> memory.writeLong(base(2), 1)).isInstanceOf(GuestMemoryException.class);
        mmio.write(base(2), 8, 1);
        assertThat(memory.readLong(base(2))).isZero();
        assertThat(mmio.read(base(1) + 0x3_0000, 4))
                .as("behind the window's end")
                .isZero();
        mmio.write(base(1) + 0x3_0000, 4, 1);
        mmio.write(base(3), 4, 1);
        assertThat(violations)
                .containsExactly(
                        ViolationKind.READ_ONLY_WRITE, ViolationKind.OUT_OF_WINDOW, ViolationKind.OUT_OF_WINDOW);
    }

    @Test
    void anInterruptGoesToTheFunctionOnceTheGuestHasProgrammedIt() throws Exception {
        make(eventChannel(0, Direction.IN));
        try (EventFd event = EventFd.create()) {
            int gsi = DirectoryLayout.INTERRUPT_GSI;
            interrupts.bindInterrupt(event.fd(), gsi);
            assertThat(config(1, 0, 4)).isEqualTo(0x1110_1af4L);
            setConfig(1, BAR0 + 4, 4, config(1, BAR0 + 4, 4));
            setConfig(1, COMMAND, 2, 6);
            assertThat(watched).as("nothing moved").isEmpty();
            setConfig(1, COMMAND, 2, 0);
            assertThat(bindings).containsExactly("gsi 32", "no gsi 32");
            assertThat(watched).containsOnlyKeys(event.fd());
            setConfig(1, COMMAND, 2, 6);
            Objects.requireNonNull(watched.get(event.fd())).run();
            assertThat(mmio.read(config(1, BAR0, 4) + 4, 4)).isEqualTo(1);
            interrupts.unbindInterrupt(event.fd(), gsi);
            assertThat(watched).isEmpty();
            interrupts.bindInterrupt(event.fd(), gsi);
            assertThat(watched).as("also the next opening").containsOnlyKeys(event.fd());
            pci.reset();
            assertThat(watched).as("a guest that has only just begun").isEmpty();
            assertThat(bindings).containsExactly("gsi 32", "no gsi 32", "gsi 32");
            setConfig(1, BAR2, 4, 0xffff_ffffL);
            assertThat(watched).containsOnlyKeys(event.fd());
        }
    }

    @Test
    void aResetPutsMovedMemoryBackAndIsNoMoveOfTheGuest() throws Exception {
        make(memoryChannel(0, Direction.IN));
        long home = base(1);
        try (EventFd event = EventFd.create()) {
            interrupts.bindInterrupt(event.fd(), DirectoryLayout.INTERRUPT_GSI);
            setConfig(1, BAR2, 8, 0xC800_0000L);
            assertThat(slots).containsEntry(0, 0xC800_0000L);
            pci.reset();
            assertThat(slots).containsExactly(Map.entry(0, home));
            assertThat(watched).isEmpty();
            setConfig(1, COMMAND, 2, 0);
            assertThat(slots).isEmpty();
            assertThat(watched).containsOnlyKeys(event.fd());
        }
    }

    @Test
    void aFullBusLeavesTheRestWithoutFunctionsAndSaysSo() throws Exception {
        ChannelConfig[] channels = new ChannelConfig[31];
        for (int i = 0; i < channels.length; i++) {
            channels[i] = eventChannel(i, Direction.OUT);
        }
        pci.attach(5, PciFunction.builder(new PciIds(1, 2, 3, 4, 5, 6)).build());
        List<String> notes = make(channels);
        assertThat(notes).hasSize(1);
        assertThat(notes.getFirst()).contains("channel e30 has no PCI function");
    }

    @Test
    void aHostThatRefusesMemoryItsPlaceIsTold() {
        hostRefuses = true;
        assertThatThrownBy(() -> make(memoryChannel(0, Direction.IN)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("PCI memory of channel m0")
                .hasMessageContaining("ENOMEM");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whateverAGuestDoesMemoryAndSlotsAgreeAndNothingElseIsTouched(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] before = new byte[(int) RAM];
        new Random(seed).nextBytes(before);
        MemorySegment.copy(before, 0, ram, ValueLayout.JAVA_BYTE, 0, before.length);
        make(
                memoryChannel(0, Direction.OUT),
                memoryChannel(1, Direction.IN),
                eventChannel(2, Direction.IN),
                memoryChannel(3, Direction.IN));
        Objects.requireNonNull(windows.get(0)).segment().fill((byte) 0x5a);
        int moved = 0;
        for (int step = 0; step < 6000; step++) {
            int slot = 1 + random.nextInt(4);
            switch (random.nextInt(5)) {
                case 0 -> setConfig(slot, COMMAND, 2, random.nextInt(8));
                case 1 -> setConfig(slot, BAR0 + 4 * random.nextInt(4), 4, random.nextInt() & 0xffff_ffffL);
                case 2 -> setConfig(slot, BAR2, 8, 0xC000_0000L + (random.nextInt() & 0x0fff_ffffL));
                case 3 -> setConfig(slot, random.nextInt(256), 1 << random.nextInt(3), random.nextLong());
                default -> touch(random, slot);
            }
            for (int i : new int[] {0, 1, 3}) {
                Region region = memory.regions().stream()
                        .filter(each -> each.name().endsWith("channel m" + i))
                        .reduce((_, _) -> {
                            throw new AssertionError("twice");
                        })
                        .orElse(null);
                assertThat(slots.get(i))
                        .as("seed %d step %d", seed, step)
                        .isEqualTo(region == null ? null : region.gpa());
                moved += region == null ? 0 : 1;
                assertThat(region == null || region.writable() == (i == 0)).isTrue();
            }
        }
        assertThat(moved).as("seed %d: the test looks at something", seed).isGreaterThan(500);
        assertThat(ram.toArray(ValueLayout.JAVA_BYTE)).as("seed %d", seed).isEqualTo(before);
        assertThat(Objects.requireNonNull(windows.get(1))
                        .segment()
                        .mismatch(Arena.ofAuto().allocate(BYTES)))
                .isEqualTo(-1);
        assertThat(mmio.failures()).isEmpty();
    }

    private void touch(SplittableRandom random, int slot) {
        long range = random.nextBoolean() ? base(slot) : config(slot, BAR0 + 4 * random.nextInt(2), 4) & ~0xfL;
        long gpa = range + random.nextInt(0x4_0000);
        int size = 1 << random.nextInt(4);
        if (random.nextBoolean() && !memory.contains(gpa, size, false)) {
            mmio.write(gpa, size, random.nextLong());
        } else {
            mmio.read(gpa, size);
        }
    }
}
