package dev.cloister.emulator;

import dev.cloister.emulator.cpu.CpuEnvironment;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuFeature;
import dev.cloister.emulator.decode.FeatureTable;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.FormTable;
import dev.cloister.emulator.execute.Handler;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.execute.IntegerOps;
import dev.cloister.emulator.execute.Locked;
import dev.cloister.emulator.vector.VectorOps;
import dev.cloister.emulator.x87.X87ControlOps;
import java.util.HashMap;
import java.util.Map;

/** Joins mnemonics of the form tables with their handlers; built once, then an array lookup by form. */
final class HandlerTable implements HandlerRegistry {
    private static final Handler[] BY_FORM = build();
    private static final Handler UNDEFINED = (x, i) -> {
        throw x.fault(CpuException.UD);
    };
    /** Encodings whose prefix older processors ignore. */
    private static final Map<String, String> OLDER = Map.of("tzcnt", "bsf", "lzcnt", "bsr", "wbnoinvd", "wbinvd");

    private final Map<String, Handler> byMnemonic = new HashMap<>();

    private HandlerTable() {}

    /** The handler of a form, or null where nothing executes it. */
    static Handler of(Form form) {
        return BY_FORM[form.id];
    }

    /**
     * The handlers for a processor with the features that its surroundings offer: an instruction whose feature is missing
     * raises #UD, or does what the encoding did before there was the feature.
     *
     * @param environment is asked about every feature that an instruction needs
     * @return by {@link Form#id}; null where nothing executes a form
     */
    static Handler[] offeredBy(CpuEnvironment environment) {
        Handler[] handlers = BY_FORM.clone();
        for (Form form : FormTable.instance().forms()) {
            FeatureTable.Need need = FeatureTable.instance().of(form);
            Handler implemented = BY_FORM[form.id];
            if (!need.always().stream().allMatch(environment::offers)) {
                handlers[form.id] = implemented != null && need.always().contains(CpuFeature.LAHF_LM)
                        ? outside64(implemented)
                        : before(form);
            } else if (implemented != null && !need.wide().stream().allMatch(environment::offers)) {
                handlers[form.id] = narrow(implemented);
            }
        }
        return handlers;
    }

    private static Handler narrow(Handler handler) {
        return (x, i) -> {
            if (i.vectorLength != 0) {
                throw x.fault(CpuException.UD);
            }
            handler.execute(x, i);
        };
    }

    /** Without the feature the instruction is there all the same, but not in 64-bit mode. */
    private static Handler outside64(Handler handler) {
        return (x, i) -> {
            if (x.long64) {
                throw x.fault(CpuException.UD);
            }
            handler.execute(x, i);
        };
    }

    /** What an encoding does on a processor that doesn't know its instruction. */
    private static Handler before(Form form) {
        String older = OLDER.get(form.mnemonic);
        if (older == null) {
            return UNDEFINED;
        }
        for (Form other : FormTable.instance().forms()) {
            if (other.mnemonic.equals(older)) {
                return BY_FORM[other.id];
            }
        }
        throw new IllegalStateException("no form is named " + older);
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
        VectorOps.register(table);
        FormTable forms = FormTable.instance();
        Handler[] handlers = new Handler[forms.forms().size()];
        Map<String, Handler> unused = new HashMap<>(table.byMnemonic);
        for (Form form : forms.forms()) {
            Handler handler = table.byMnemonic.get(form.mnemonic);
            boolean locks = handler != null && form.has(Form.LOCK);
            handlers[form.id] = locks ? Locked.of(handler, form.mnemonic.equals("xchg")) : handler;
            unused.remove(form.mnemonic);
        }
        if (!unused.isEmpty()) {
            throw new IllegalStateException("no instruction form is named " + unused.keySet());
        }
        return handlers;
    }
}
