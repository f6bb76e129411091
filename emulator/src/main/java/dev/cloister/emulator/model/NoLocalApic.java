package dev.cloister.emulator.model;

/** IA32_APIC_BASE of a machine that has no local interrupt controller behind it. */
final class NoLocalApic implements LocalApicMsrs {
    private static final long RESET = 0xFEE00000L | ENABLED;
    private static final long BOOTSTRAP = 0x100;
    private static final long WRITABLE = 0xF_FFFF_F900L;

    private long base;

    NoLocalApic(boolean first) {
        base = RESET | (first ? BOOTSTRAP : 0);
    }

    @Override
    public boolean readMsr(int index, long[] value) {
        value[0] = base;
        return index == APIC_BASE;
    }

    @Override
    public boolean writeMsr(int index, long value) {
        if (index != APIC_BASE || (value & ~WRITABLE) != 0) {
            return false;
        }
        base = value;
        return true;
    }

    @Override
    public long apicBase() {
        return base;
    }
}
