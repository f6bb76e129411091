package dev.cloister.devices.acpi;

/** Resource descriptors of devices (ACPI 6.5, 6.4), each as its bytes. */
final class Resources {
    private static final int IO_PORT = 0x47;
    private static final int DECODES_16_BITS = 1;
    private static final int IRQ = 0x22;
    private static final int MEMORY_32_FIXED = 0x86;
    private static final int INTERRUPT = 0x89;
    /** A consumer's, level-triggered, active low, shared: as pins of PCI are. */
    private static final int CONSUMER_LEVEL_LOW_SHARED = 0x0D;

    private static final int INTERRUPT_BYTES = 6;
    private static final int WORD_SPACE = 0x88;
    private static final int DWORD_SPACE = 0x87;
    private static final int QWORD_SPACE = 0x8A;
    private static final int END_TAG = 0x79;
    private static final int SPACE_MEMORY = 0;
    private static final int SPACE_IO = 1;
    private static final int SPACE_BUS = 2;
    /** Both ends fixed, positively decoded, produced by the bridge. */
    private static final int FIXED = 0x0C;

    private static final int READ_WRITE = 1;
    private static final int ENTIRE_RANGE = 3;
    private static final int TYPE_FIELDS = 3;
    private static final int SPACE_FIELDS = 5;
    private static final int MEMORY_32_BYTES = 9;

    private Resources() {}

    /** {@code Name (_CRS, ResourceTemplate () { descriptors })}. */
    static byte[] current(byte[]... descriptors) {
        return Aml.name("_CRS", Aml.buffer(Aml.list(Aml.list(descriptors), Aml.bytes(END_TAG, 0))));
    }

    /** {@code IO (Decode16, …)}. */
    static byte[] ports(int first, int count) {
        return Aml.list(
                Aml.bytes(IO_PORT, DECODES_16_BITS),
                Aml.number(first, Short.BYTES),
                Aml.number(first, Short.BYTES),
                Aml.bytes(1, count));
    }

    /** {@code IRQNoFlags () {irq}}: edge-triggered, active high, not shared. */
    static byte[] irq(int irq) {
        return Aml.list(Aml.bytes(IRQ), Aml.number(1L << irq, Short.BYTES));
    }

    /** {@code Interrupt (ResourceConsumer, Level, ActiveLow, Shared) {gsi}}. */
    static byte[] sharedInterrupt(int gsi) {
        return Aml.list(
                Aml.bytes(INTERRUPT),
                Aml.number(INTERRUPT_BYTES, Short.BYTES),
                Aml.bytes(CONSUMER_LEVEL_LOW_SHARED, 1),
                Aml.number(gsi, Integer.BYTES));
    }

    /** {@code Memory32Fixed (ReadWrite, …)}. */
    static byte[] memory(AcpiMachine.Window window) {
        return Aml.list(
                Aml.bytes(MEMORY_32_FIXED),
                Aml.number(MEMORY_32_BYTES, Short.BYTES),
                Aml.bytes(READ_WRITE),
                Aml.number(window.base(), Integer.BYTES),
                Aml.number(window.bytes(), Integer.BYTES));
    }

    /** {@code WordBusNumber (ResourceProducer, MinFixed, MaxFixed, …)}. */
    static byte[] buses(int first, int last) {
        return space(WORD_SPACE, Short.BYTES, SPACE_BUS, 0, new AcpiMachine.Window(first, last - first + 1));
    }

    /** {@code WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, …)}. */
    static byte[] bridgePorts(int first, int last) {
        return space(WORD_SPACE, Short.BYTES, SPACE_IO, ENTIRE_RANGE, new AcpiMachine.Window(first, last - first + 1));
    }

    /** {@code DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite, …)}. */
    static byte[] bridgeMemory32(AcpiMachine.Window window) {
        return space(DWORD_SPACE, Integer.BYTES, SPACE_MEMORY, READ_WRITE, window);
    }

    /** {@code QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite, …)}. */
    static byte[] bridgeMemory64(AcpiMachine.Window window) {
        return space(QWORD_SPACE, Long.BYTES, SPACE_MEMORY, READ_WRITE, window);
    }

    /** An address space descriptor: granularity, first, last, translation and length in fields of one width. */
    private static byte[] space(int tag, int width, int type, int specific, AcpiMachine.Window window) {
        return Aml.list(
                Aml.bytes(tag),
                Aml.number(TYPE_FIELDS + SPACE_FIELDS * width, Short.BYTES),
                Aml.bytes(type, FIXED, specific),
                Aml.number(0, width),
                Aml.number(window.base(), width),
                Aml.number(window.last(), width),
                Aml.number(0, width),
                Aml.number(window.bytes(), width));
    }
}
