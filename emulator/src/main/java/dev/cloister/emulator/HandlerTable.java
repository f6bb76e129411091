package dev.cloister.emulator;

import java.util.HashMap;
import java.util.Map;

/** Joins mnemonics of the form tables with their handlers; built once, then an array lookup by form. */
final class HandlerTable {
    private static final Handler[] BY_FORM = build();

    private final Map<String, Handler> byMnemonic = new HashMap<>();

    private HandlerTable() {}

    /** The handler of a form, or null where nothing executes it. */
    static Handler of(Form form) {
        return BY_FORM[form.id];
    }

    /** Registers a handler under each of the names; a name that is taken or that no form has is a mistake. */
    void put(Handler handler, String... mnemonics) {
        for (String mnemonic : mnemonics) {
            if (byMnemonic.put(mnemonic, handler) != null) {
                throw new IllegalStateException(mnemonic + " has two handlers");
            }
        }
    }

    private static Handler[] build() {
        HandlerTable table = new HandlerTable();
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
        FastCallOps.register(table);
        XsaveOps.register(table);
        X87ControlOps.register(table);
        VectorMoveOps.register(table);
        VectorIntegerOps.register(table);
        VectorShuffleOps.register(table);
        FormTable forms = FormTable.instance();
        Handler[] handlers = new Handler[forms.forms().size()];
        Map<String, Handler> unused = new HashMap<>(table.byMnemonic);
        for (Form form : forms.forms()) {
            handlers[form.id] = table.byMnemonic.get(form.mnemonic);
            unused.remove(form.mnemonic);
        }
        if (!unused.isEmpty()) {
            throw new IllegalStateException("no instruction form is named " + unused.keySet());
        }
        return handlers;
    }
}
