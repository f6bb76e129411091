package dev.cloister.devices.pci;

import dev.cloister.devices.InterruptLine;
import java.util.ArrayList;
import java.util.List;

/**
 * One function's configuration space: a type 0 header (PCI 3.0, 6.1), base address registers and a capabilities list. Any thread.
 *
 * <p>The command register has memory space, bus master and interrupt disable; I/O space and all error reporting are hardwired to zero,
 * as no range of ports is ever asked for and nothing can fail. Bus master does not gate the device's access to memory.
 */
public final class PciFunction {
    /** Bytes of configuration space. */
    public static final int CONFIG_BYTES = 256;

    private static final int WORDS = CONFIG_BYTES / Integer.BYTES;
    private static final int COMMAND = 1;
    private static final int CLASS = 2;
    private static final int CACHE_LINE = 3;
    private static final int FIRST_BAR = 4;
    private static final int SUBSYSTEM = 11;
    private static final int CAPABILITIES = 13;
    private static final int INTERRUPT = 15;
    private static final int HEADER_BYTES = 64;

    private static final int MEMORY_SPACE = 1 << 1;
    private static final int BUS_MASTER = 1 << 2;
    private static final int INTERRUPT_DISABLE = 1 << 10;
    private static final int INTERRUPT_STATUS = 1 << 19;
    private static final int CAPABILITIES_LIST = 1 << 20;
    private static final int WIDE = 4;
    private static final int PREFETCHABLE = 8;
    private static final int PIN_A = 1 << 8;

    private final int[] words = new int[WORDS];
    private final int[] writable = new int[WORDS];
    private final PciCapability[] owners = new PciCapability[WORDS];
    private final int[] ownerStarts = new int[WORDS];
    private final List<PciBar> bars;
    private final List<PciCapability> capabilities;
    private final Runnable onReset;
    private final int[] atPowerOn;
    private Runnable decodeChanged = () -> {};
    private InterruptLine line = InterruptLine.NONE;
    private boolean asserted;
    private boolean high;

    private PciFunction(Builder builder) {
        PciIds ids = builder.ids;
        bars = List.copyOf(builder.bars);
        words[0] = ids.vendor() | ids.device() << Short.SIZE;
        words[CLASS] = ids.revision() & 0xff | ids.classCode() << Byte.SIZE;
        words[SUBSYSTEM] = ids.subsystemVendor() | ids.subsystem() << Short.SIZE;
        words[INTERRUPT] = builder.pin ? PIN_A : 0;
        writable[COMMAND] = builder.pin || !bars.isEmpty() ? MEMORY_SPACE | BUS_MASTER | INTERRUPT_DISABLE : 0;
        writable[CACHE_LINE] = 0xff;
        writable[INTERRUPT] = 0xff;
        words[COMMAND] = builder.decoding ? MEMORY_SPACE : 0;
        builder.registers.forEach(this::place);
        bars.forEach(this::place);
        capabilities = List.copyOf(builder.capabilities);
        place(capabilities);
        onReset = builder.onReset;
        atPowerOn = words.clone();
    }

    private void place(Register register) {
        int word = register.offset / Integer.BYTES;
        words[word] |= register.value;
        writable[word] |= register.writable;
    }

    private void place(PciBar bar) {
        int word = FIRST_BAR + bar.index();
        if (writable[word] != 0 || bar.wide() && writable[word + 1] != 0) {
            throw new IllegalArgumentException("base address register " + bar.index() + " is used twice");
        }
        writable[word] = (int) -bar.size();
        words[word] = (bar.wide() ? WIDE : 0) | (bar.prefetchable() ? PREFETCHABLE : 0);
        if (bar.wide()) {
            writable[word + 1] = (int) (-bar.size() >>> Integer.SIZE);
        }
    }

    private void place(List<PciCapability> capabilities) {
        int word = HEADER_BYTES / Integer.BYTES;
        int pointer = CAPABILITIES;
        for (PciCapability capability : capabilities) {
            if (word + capability.words() > WORDS) {
                throw new IllegalArgumentException("the capabilities don't fit in " + CONFIG_BYTES + " bytes");
            }
            int offset = word * Integer.BYTES;
            words[pointer] |= pointer == CAPABILITIES ? offset : offset << Byte.SIZE;
            words[word] = capability.id();
            for (int i = 0; i < capability.words(); i++) {
                owners[word + i] = capability;
                ownerStarts[word + i] = word;
            }
            pointer = word;
            word += capability.words();
        }
        words[COMMAND] |= capabilities.isEmpty() ? 0 : CAPABILITIES_LIST;
    }

    /**
     * Starts the description of a function.
     *
     * @param ids what it says that it is
     * @return a builder
     */
    public static Builder builder(PciIds ids) {
        return new Builder(ids);
    }

    private record Register(int offset, int value, int writable) {}

    /** Collects what a function has. Not thread-safe. */
    public static final class Builder {
        private final PciIds ids;
        private final List<PciBar> bars = new ArrayList<>();
        private final List<PciCapability> capabilities = new ArrayList<>();
        private final List<Register> registers = new ArrayList<>();
        private Runnable onReset = () -> {};
        private boolean pin;
        private boolean decoding;

        private Builder(PciIds ids) {
            this.ids = ids;
        }

        /**
         * Adds a memory range.
         *
         * @param bar the range
         * @return this
         */
        public Builder bar(PciBar bar) {
            bars.add(bar);
            return this;
        }

        /**
         * Adds a capability behind those that are there.
         *
         * @param capability the capability
         * @return this
         */
        public Builder capability(PciCapability capability) {
            capabilities.add(capability);
            return this;
        }

        /**
         * Adds a register that remembers what is written and is of no other effect by itself.
         *
         * @param offset where it is in configuration space, a multiple of 4
         * @param value what it is after power-on
         * @param writable the bits that can be written
         * @return this
         */
        Builder register(int offset, int value, int writable) {
            registers.add(new Register(offset, value, writable));
            return this;
        }

        /**
         * Names what else a reset of the machine does to the function.
         *
         * @param action stops the device behind it and waits until it touches guest memory no more; nothing runs meanwhile
         * @return this
         */
        public Builder onReset(Runnable action) {
            onReset = action;
            return this;
        }

        /**
         * Gives it interrupt pin A.
         *
         * @return this
         */
        public Builder interruptPin() {
            pin = true;
            return this;
        }

        /**
         * Has its ranges answer from the beginning, as firmware leaves functions.
         *
         * @return this
         */
        public Builder decoding() {
            decoding = true;
            return this;
        }

        /**
         * Makes the function.
         *
         * @return the function
         * @throws IllegalArgumentException if registers overlap or capabilities don't fit
         */
        public PciFunction build() {
            return new PciFunction(this);
        }
    }

    /** The memory ranges that it asks for. */
    List<PciBar> bars() {
        return bars;
    }

    /** Before the guest runs: who is told, with no lock of this function held, that ranges moved, appeared or went. */
    void connect(Runnable told, InterruptLine pin) {
        decodeChanged = told;
        line = pin;
    }

    /**
     * Drives the interrupt pin; what reaches the line depends on the command register's interrupt disable bit.
     *
     * @param isAsserted whether the function asks for an interrupt
     */
    public synchronized void setInterrupt(boolean isAsserted) {
        asserted = isAsserted;
        driveLine();
    }

    private void driveLine() {
        boolean next = asserted && (words[COMMAND] & INTERRUPT_DISABLE) == 0;
        if (next != high) {
            high = next;
            line.setLevel(next);
        }
    }

    /** Where a range lies now: -1 while memory space is disabled. */
    synchronized long decodedBase(PciBar bar) {
        return (words[COMMAND] & MEMORY_SPACE) == 0 ? -1 : base(bar);
    }

    private long base(PciBar bar) {
        int word = FIRST_BAR + bar.index();
        long low = Integer.toUnsignedLong(words[word] & writable[word]);
        return bar.wide() ? low | (long) words[word + 1] << Integer.SIZE : low;
    }

    /** Sets where a range lies, as firmware would. */
    synchronized void assign(PciBar bar, long gpa) {
        int word = FIRST_BAR + bar.index();
        words[word] = words[word] & ~writable[word] | (int) gpa & writable[word];
        if (bar.wide()) {
            words[word + 1] = (int) (gpa >>> Integer.SIZE);
        }
        System.arraycopy(words, FIRST_BAR, atPowerOn, FIRST_BAR, PciBar.REGISTERS);
    }

    /** Sets what the interrupt line register says, as firmware would; nothing without an interrupt pin. */
    synchronized void assignInterruptLine(int irq) {
        if ((words[INTERRUPT] & PIN_A) != 0) {
            words[INTERRUPT] = PIN_A | irq;
            atPowerOn[INTERRUPT] = words[INTERRUPT];
        }
    }

    /**
     * Back to the state after power-on, with the ranges where they were assigned first, not decoded; the device behind it is reset, and the
     * pin is low. While no processor runs.
     */
    void reset() {
        onReset.run();
        capabilities.forEach(PciCapability::reset);
        setInterrupt(false);
        synchronized (this) {
            System.arraycopy(atPowerOn, 0, words, 0, WORDS);
        }
    }

    /**
     * Reads configuration space.
     *
     * @param register 0 to 255
     * @param size 1, 2 or 4; the access must not cross a multiple of 4
     * @return the value, zero-extended; all ones for an access that does
     */
    public int read(int register, int size) {
        int shift = Byte.SIZE * (register & 3);
        if (!fits(register, size)) {
            return mask(size);
        }
        return word(register >> 2) >>> shift & mask(size);
    }

    /** Capabilities are called without this function's lock: they may reach the device, which may drive the interrupt pin. */
    private int word(int word) {
        PciCapability owner = owners[word];
        if (owner == null) {
            return ownWord(word);
        }
        int start = ownerStarts[word];
        int value = owner.read(word - start);
        return word == start ? value & ~0xffff | words[word] & 0xffff : value;
    }

    private synchronized int ownWord(int word) {
        return word == COMMAND && asserted ? words[word] | INTERRUPT_STATUS : words[word];
    }

    /**
     * Writes configuration space. An access that crosses a multiple of 4 is dropped.
     *
     * @param register 0 to 255
     * @param size 1, 2 or 4
     * @param value the value; only the size's low bits count
     */
    public void write(int register, int size, int value) {
        if (!fits(register, size)) {
            return;
        }
        int shift = Byte.SIZE * (register & 3);
        int word = register >> 2;
        PciCapability owner = owners[word];
        if (owner != null) {
            owner.write(word - ownerStarts[word], value << shift, mask(size) << shift);
        } else if (writeWord(word, value << shift, mask(size) << shift)) {
            decodeChanged.run();
        }
    }

    /** Returns whether decoding may have changed. */
    private synchronized boolean writeWord(int word, int value, int mask) {
        int bits = mask & writable[word];
        int next = words[word] & ~bits | value & bits;
        boolean changed = next != words[word];
        words[word] = next;
        if (word == COMMAND) {
            driveLine();
        }
        return changed
                && (word == COMMAND
                        || word >= FIRST_BAR && word < FIRST_BAR + PciBar.REGISTERS
                        || word >= HEADER_BYTES / Integer.BYTES);
    }

    /** A word of configuration space that no capability owns, as it stands. */
    synchronized int register(int offset) {
        return words[offset / Integer.BYTES];
    }

    private static boolean fits(int register, int size) {
        return register >= 0 && register < CONFIG_BYTES && size > 0 && (register & 3) + size <= Integer.BYTES;
    }

    private static int mask(int size) {
        return size >= Integer.BYTES ? -1 : (1 << Byte.SIZE * size) - 1;
    }
}
