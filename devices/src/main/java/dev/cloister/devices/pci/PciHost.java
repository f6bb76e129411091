package dev.cloister.devices.pci;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MmioBus;
import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Bus 0 with its host bridge in slot 0 and up to 31 functions, each the only one of its slot. Configuration space is reached by
 * mechanism #1 (PCI 3.0, 3.2.2.3.2) and by ECAM (PCI Firmware Specification 3.0, 4.1); memory ranges answer inside the bus's windows.
 * Interrupt pin A of slot n is wired to global system interrupt {@link #gsi} and, for guests without I/O APIC, routed to an input of the
 * 8259s: {@link #PIC_IRQS} on a plain bus, where the LPC bridge's registers say on a {@link Chipset#Q35}. Any thread, once the guest runs.
 *
 * <p>A function gets addresses and on a plain bus its interrupt line register when it is attached, as firmware would assign them. Unless
 * it asks for more it decodes nothing until the guest enables it.
 */
public final class PciHost {
    /** Slots of the bus, the host bridge's own included. */
    public static final int SLOTS = 32;

    /** The first global system interrupt that pins are wired to. */
    public static final int FIRST_GSI = 16;

    /** How many global system interrupts pins are wired to. */
    public static final int GSIS = 8;

    /** First port of configuration mechanism #1. */
    public static final int PORT = 0xCF8;

    /** Ports of configuration mechanism #1. */
    public static final int PORTS = 8;

    /**
     * Inputs of the 8259s to which pin A of slots 0, 1, … and then from the first again is routed where no firmware does: as SeaBIOS and UEFI
     * route a Q35's. Shared, high when asserted.
     */
    public static final List<Integer> PIC_IRQS = List.of(10, 10, 11, 11);

    /** Bytes of ECAM for bus 0. */
    public static final int ECAM_BYTES = 1 << 20;

    /** What a guest keeps free of all else for ECAM. */
    private static final long ECAM_SPACE = 256L << 20;

    /** A host bridge of no chipset that any guest has special treatment for. */
    private static final PciIds BRIDGE = new PciIds(0x1b36, 0x0008, 0x1af4, 0x1100, 0x060000, 0);

    private static final long FOUR_GIB = 1L << 32;
    /** A range has its pages for itself: a guest may hand out one and not the next. */
    private static final long PAGE = 4096;

    private static final int ENABLE = 1 << 31;
    private static final int ADDRESS_BITS = ENABLE | 0xff_fffc;
    private static final int RESET_OFFSET = 1;
    private static final int SLOT_SHIFT = 15;
    private static final int FUNCTION_BITS = 0x7000;
    private static final int REGISTER_BITS = 0xfff;

    private final PciFunction[] slots = new PciFunction[SLOTS];
    private final SharedLine[] lines = new SharedLine[GSIS];
    private final PinRouter router;
    private final List<PciWindow> windows;
    private final long[] nextFree;
    private final BarDecoder decoder = new BarDecoder();
    private final Placements placements = new Placements();
    private final Object decodeLock = new Object();
    private final Chipset chipset;
    private volatile int address;
    /** Under the decode lock: the bus that ECAM is on, where it belongs, and where it is; -1 while nowhere. */
    private MmioBus memory = new MmioBus();

    private volatile long ecamHome = -1;
    private volatile long ecam = -1;

    /**
     * A plain bus with nothing but its host bridge.
     *
     * @param windows where memory ranges may lie; at least one below 4 GiB for ranges that aren't wide
     * @param gsis the lines of global system interrupts 0 to {@code FIRST_GSI + GSIS - 1}
     */
    public PciHost(List<PciWindow> windows, IntFunction<InterruptLine> gsis) {
        this(windows, gsis, Chipset.PLAIN);
    }

    /**
     * A bus with nothing but the functions of its chipset.
     *
     * @param windows where memory ranges may lie; at least one below 4 GiB for ranges that aren't wide
     * @param gsis the lines of global system interrupts 0 to {@code FIRST_GSI + GSIS - 1}
     * @param chipset as what the host bridge shows itself
     */
    public PciHost(List<PciWindow> windows, IntFunction<InterruptLine> gsis, Chipset chipset) {
        this.chipset = chipset;
        this.windows = List.copyOf(windows);
        nextFree = new long[windows.size()];
        for (int i = 0; i < nextFree.length; i++) {
            nextFree[i] = windows.get(i).base();
        }
        for (int i = 0; i < GSIS; i++) {
            lines[i] = new SharedLine(gsis.apply(FIRST_GSI + i));
        }
        router = new PinRouter(gsis);
        slots[0] = chipset == Chipset.Q35
                ? Q35.hostBridge()
                : PciFunction.builder(BRIDGE).build();
        slots[0].connect(this::decode, InterruptLine.NONE);
        if (chipset == Chipset.Q35) {
            slots[Q35.ISA_SLOT] = Q35.isaBridge();
            slots[Q35.ISA_SLOT].connect(this::route, InterruptLine.NONE);
        }
        route();
    }

    private static int picIrq(int slot) {
        return PIC_IRQS.get(slot % PIC_IRQS.size());
    }

    /** Looks anew where pins are routed. */
    private void route() {
        for (int i = 0; i < PinRouter.ROUTES; i++) {
            router.route(i, chipset == Chipset.Q35 ? Q35.route(slots[Q35.ISA_SLOT], i) : picIrq(i));
        }
    }

    /**
     * The global system interrupt of a slot's pin A; level-triggered, high when asserted.
     *
     * @param slot 0 to 31
     * @return 16 to 23
     */
    public static int gsi(int slot) {
        return FIRST_GSI + slot % GSIS;
    }

    /**
     * A further source of interrupts on one of the lines that pins are wired to, for a device that is no function.
     *
     * @param gsi 16 to 23
     * @return the source's own side of the line
     */
    public InterruptLine line(int gsi) {
        return lines[gsi - FIRST_GSI].source();
    }

    /**
     * The windows.
     *
     * @return an immutable list
     */
    public List<PciWindow> windows() {
        return windows;
    }

    /**
     * Puts the bus on the machine's.
     *
     * @param ports gets ports 0xCF8 to 0xCFF
     * @param resetControl what byte accesses to port 0xCF9, in the middle of the address register, reach; offset 0
     * @param mmio gets ECAM and the windows
     * @param ecam guest-physical address of the 1 MiB of ECAM; on a {@link Chipset#Q35} one of two places where the guest may put it, the
     *     other being below the first window
     */
    public void attachTo(PortBus ports, PortDevice resetControl, MmioBus mmio, long ecam) {
        ports.attach(PORT, PORTS, new ConfigPorts(resetControl), "PCI configuration");
        synchronized (decodeLock) {
            memory = mmio;
            ecamHome = ecam;
            this.ecam = -1;
            placeEcam();
        }
        for (PciWindow window : windows) {
            mmio.attach(window.base(), window.length(), new Window(window.base()), "PCI memory window");
        }
    }

    /**
     * Puts a function into a slot, before the guest runs.
     *
     * @param slot 1 to 31
     * @param function the function
     * @throws IllegalArgumentException if the slot is taken or the windows have no room for the function's ranges
     */
    public void attach(int slot, PciFunction function) {
        if (slot < 1 || slot >= SLOTS || slots[slot] != null) {
            throw new IllegalArgumentException("PCI slot " + slot + " is taken or none; expected a free one, 1 to 31");
        }
        for (PciBar bar : function.bars()) {
            function.assign(bar, allocate(bar));
            placements.add(bar);
        }
        InterruptLine line = lines[gsi(slot) - FIRST_GSI].source();
        InterruptLine pin = router.pin(slot);
        function.connect(this::decode, high -> {
            line.setLevel(high);
            pin.setLevel(high);
        });
        if (chipset == Chipset.PLAIN) {
            function.assignInterruptLine(picIrq(slot));
        }
        slots[slot] = function;
        decode();
    }

    /**
     * Puts a function into the first free slot, before the guest runs.
     *
     * @param function the function
     * @return the slot
     * @throws IllegalArgumentException if no slot is free or the windows have no room
     */
    public int attach(PciFunction function) {
        int slot = 1;
        while (slot < SLOTS && slots[slot] != null) {
            slot++;
        }
        attach(slot, function);
        return slot;
    }

    private long allocate(PciBar bar) {
        for (int i = 0; i < nextFree.length; i++) {
            PciWindow window = windows.get(i);
            long step = Math.max(bar.size(), PAGE);
            long base = nextFree[i] + step - 1 & -step;
            if (window.holds(base, bar.size()) && (bar.wide() || window.end() <= FOUR_GIB)) {
                nextFree[i] = base + step;
                return base;
            }
        }
        throw new IllegalArgumentException(
                "no PCI window has room for " + bar.size() + " bytes of base address register " + bar.index());
    }

    /** Looks anew which ranges are in force. */
    private void decode() {
        synchronized (decodeLock) {
            List<BarDecoder.Decode> ranges = new ArrayList<>();
            for (PciFunction function : slots) {
                if (function != null) {
                    decode(function, ranges);
                }
            }
            decoder.set(ranges);
            placements.follow(decoder);
            placeEcam();
        }
    }

    /** Under the decode lock. */
    private void placeEcam() {
        long next = chipset == Chipset.PLAIN ? ecamHome : Q35.ecam(slots[0]);
        boolean allowed =
                next == ecamHome || next + ECAM_SPACE <= windows.getFirst().base();
        next = allowed ? next : -1;
        if (next == ecam) {
            return;
        }
        if (ecam >= 0) {
            memory.detach(ecam);
        }
        if (next >= 0) {
            memory.attach(next, ECAM_BYTES, new Ecam(), "PCI ECAM");
        }
        ecam = next;
    }

    /**
     * Where ECAM is.
     *
     * @return its guest-physical address; on a {@link Chipset#Q35} to which the guest hasn't given one yet, where it will be if the guest has
     *     no wish
     */
    public long ecam() {
        return ecam < 0 ? ecamHome : ecam;
    }

    private void decode(PciFunction function, List<BarDecoder.Decode> ranges) {
        for (PciBar bar : function.bars()) {
            long base = function.decodedBase(bar);
            boolean inside = windows.stream().anyMatch(window -> window.holds(base, bar.size()));
            if (inside) {
                ranges.add(new BarDecoder.Decode(base, bar));
            }
        }
    }

    /**
     * Resets the bus and all functions, which afterwards decode nothing and have the addresses that they were given when they were
     * attached. Returns when no device touches guest memory any more. While no processor runs.
     */
    public void reset() {
        for (PciFunction function : slots) {
            if (function != null) {
                function.reset();
            }
        }
        address = 0;
        decode();
        route();
    }

    /**
     * Where a range is in force now.
     *
     * @param device the range's device
     * @return its guest-physical address, or -1 if it is nowhere
     */
    public long baseOf(MmioDevice device) {
        return decoder.baseOf(device);
    }

    /** An access that doesn't cross a multiple of 4; the place is slot, function and register as ECAM has them. */
    private int readConfig(int place, int size) {
        PciFunction function = function(place);
        int register = place & REGISTER_BITS;
        if (function == null) {
            return -1;
        }
        // Beyond 256 bytes conventional functions have nothing: an empty list of extended capabilities.
        return register < PciFunction.CONFIG_BYTES ? function.read(register, size) : 0;
    }

    private void writeConfig(int place, int size, int value) {
        PciFunction function = function(place);
        if (function != null) {
            function.write(place & REGISTER_BITS, size, value);
        }
    }

    private PciFunction function(int place) {
        return (place & FUNCTION_BITS) == 0 ? slots[place >>> SLOT_SHIFT & SLOTS - 1] : null;
    }

    /** Mechanism #1's address as an ECAM offset; -1 if it is disabled or means another bus. */
    private int place(int offset) {
        int at = address;
        boolean here = (at & ENABLE) != 0 && (at & 0xff_0000) == 0;
        return here ? (at & 0xff00) << 4 | at & 0xfc | offset : -1;
    }

    private final class ConfigPorts implements PortDevice {
        private final PortDevice resetControl;

        ConfigPorts(PortDevice resetControl) {
            this.resetControl = resetControl;
        }

        @Override
        public long read(int offset, int size) {
            if (offset >= Integer.BYTES) {
                int place = place(offset - Integer.BYTES);
                return place < 0 ? -1 : readConfig(place, size);
            }
            if (offset == 0 && size == Integer.BYTES) {
                return address;
            }
            return offset == RESET_OFFSET && size == 1 ? resetControl.read(0, 1) : -1;
        }

        @Override
        public void write(int offset, int size, long value) {
            if (offset >= Integer.BYTES) {
                int place = place(offset - Integer.BYTES);
                if (place >= 0) {
                    writeConfig(place, size, (int) value);
                }
            } else if (offset == 0 && size == Integer.BYTES) {
                address = (int) value & ADDRESS_BITS;
            } else if (offset == RESET_OFFSET && size == 1) {
                resetControl.write(0, 1, value);
            }
        }
    }

    private final class Ecam implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            int place = (int) offset;
            if ((place & 3) + size <= Integer.BYTES) {
                return readConfig(place, size);
            }
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (readConfig(place + i, 1) & 0xffL) << Byte.SIZE * i;
            }
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            int place = (int) offset;
            if ((place & 3) + size <= Integer.BYTES) {
                writeConfig(place, size, (int) value);
            } else if (size == Long.BYTES && (place & 3) == 0) {
                writeConfig(place, Integer.BYTES, (int) value);
                writeConfig(place + Integer.BYTES, Integer.BYTES, (int) (value >>> Integer.SIZE));
            } else {
                for (int i = 0; i < size; i++) {
                    writeConfig(place + i, 1, (int) (value >>> Byte.SIZE * i));
                }
            }
        }
    }

    private final class Window implements MmioDevice {
        private final long base;

        Window(long base) {
            this.base = base;
        }

        @Override
        public long read(long offset, int size) {
            return decoder.read(base + offset, size);
        }

        @Override
        public void write(long offset, int size, long value) {
            decoder.write(base + offset, size, value);
        }
    }
}
