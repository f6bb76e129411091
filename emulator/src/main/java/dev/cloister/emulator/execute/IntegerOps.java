package dev.cloister.emulator.execute;

/** Every group of integer and system instructions of this package. */
public final class IntegerOps {
    private IntegerOps() {}

    /**
     * Registers them all.
     *
     * @param table where
     */
    public static void register(HandlerRegistry table) {
        ArithmeticOps.register(table);
        MoveOps.register(table);
        ShiftOps.register(table);
        MultiplyOps.register(table);
        DecimalOps.register(table);
        BitOps.register(table);
        AtomicOps.register(table);
        StringOps.register(table);
        StackOps.register(table);
        BranchOps.register(table);
        FarOps.register(table);
        SegmentOps.register(table);
        InterruptOps.register(table);
        FlagOps.register(table);
        IoOps.register(table);
        ControlRegisterOps.register(table);
        DescriptorTableOps.register(table);
        SystemOps.register(table);
        TranslationOps.register(table);
        FastCallOps.register(table);
        XsaveOps.register(table);
    }
}
