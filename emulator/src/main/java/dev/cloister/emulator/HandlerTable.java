package dev.cloister.emulator;

import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.FormTable;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.execute.IntegerOps;
import dev.cloister.emulator.vector.VectorIntegerOps;
import dev.cloister.emulator.vector.VectorMoveOps;
import dev.cloister.emulator.vector.VectorShuffleOps;
import dev.cloister.emulator.x87.X87ControlOps;
import java.util.HashMap;
import java.util.Map;

/** Joins mnemonics of the form tables with their handlers; built once, then an array lookup by form. */
final class HandlerTable implements HandlerRegistry {
    private static final Handler[] BY_FORM = build();

    private final Map<String, Handler> byMnemonic = new HashMap<>();

    private HandlerTable() {}

    /** The handler of a form, or null where nothing executes it. */
    static Handler of(Form form) {
        return BY_FORM[form.id];
    }

    @Override
    public void put(Handler handler, String... mnemonics) {
        for (String mnemonic : mnemonics) {
            if (byMnemonic.put(mnemonic, handler) != null) {
                throw new IllegalStateException(mnemonic + " has two handlers");
            }
        }
    }

    private static Handler[] build() {
        HandlerTable table = new HandlerTable();
        IntegerOps.register(table);
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
