package dev.cloister.policy.decision;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Small faults put into the compiled decision core, one at a time: a condition turned round, a bound moved by one, a sum made a
 * difference, a call left out. Each mutant has class loaders of its own for what decides; what it decides on is shared.
 */
public final class Mutants {
    private static final ClassDesc SELF = ClassDesc.of(Mutants.class.getName());
    private static final long MOST_TURNS = 2_000_000;
    private static final Map<Opcode, Opcode> NEGATED = both(
            Opcode.IFEQ,
            Opcode.IFNE,
            Opcode.IFLT,
            Opcode.IFGE,
            Opcode.IFGT,
            Opcode.IFLE,
            Opcode.IF_ICMPEQ,
            Opcode.IF_ICMPNE,
            Opcode.IF_ICMPLT,
            Opcode.IF_ICMPGE,
            Opcode.IF_ICMPGT,
            Opcode.IF_ICMPLE,
            Opcode.IF_ACMPEQ,
            Opcode.IF_ACMPNE,
            Opcode.IFNULL,
            Opcode.IFNONNULL);
    private static final Map<Opcode, Opcode> MOVED = both(
            Opcode.IFLT,
            Opcode.IFLE,
            Opcode.IFGT,
            Opcode.IFGE,
            Opcode.IF_ICMPLT,
            Opcode.IF_ICMPLE,
            Opcode.IF_ICMPGT,
            Opcode.IF_ICMPGE);
    private static final Map<Opcode, Opcode> OPERATORS = both(
            Opcode.LADD, Opcode.LSUB, Opcode.IADD, Opcode.ISUB, Opcode.LMUL, Opcode.LDIV, Opcode.IMUL, Opcode.IDIV);

    private static long turns;

    private Mutants() {}

    /**
     * A mutant.
     *
     * @param owner the class that is changed
     * @param name class, method, sort of fault and its number there
     * @param method which method of the class
     * @param element which element of the method's code
     * @param sort the sort of fault
     */
    record Mutant(Class<?> owner, String name, int method, int element, Sort sort) {}

    /** Sorts of faults. */
    enum Sort {
        NEGATED,
        MOVED,
        OPERATOR,
        NOT_CALLED
    }

    private static Map<Opcode, Opcode> both(Opcode... pairs) {
        Map<Opcode, Opcode> map = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
            map.put(pairs[i + 1], pairs[i]);
        }
        return map;
    }

    /** Called once for each turn of a loop in a mutant: one that doesn't end is found. */
    public static void turn() {
        if (++turns > MOST_TURNS) {
            throw new IllegalStateException("the mutant runs for ever");
        }
    }

    /** Begins to count turns anew. */
    static void rest() {
        turns = 0;
    }

    /** Returns every mutant of a class. */
    static List<Mutant> of(Class<?> owner) throws IOException {
        List<Mutant> mutants = new ArrayList<>();
        Map<String, Integer> numbers = new HashMap<>();
        List<MethodModel> methods = ClassFile.of().parse(bytes(owner)).methods();
        for (int m = 0; m < methods.size(); m++) {
            String method = methods.get(m).methodName().stringValue();
            Optional<CodeModel> code = methods.get(m).code();
            boolean skipped = method.startsWith("<") || method.equals("values") || method.equals("valueOf");
            List<CodeElement> elements = code.map(CodeModel::elementList).orElse(List.of());
            for (int e = 0; e < elements.size() && !skipped; e++) {
                for (Sort sort : Sort.values()) {
                    if (applies(sort, elements.get(e))) {
                        String name = owner.getSimpleName() + "." + method + " " + sort;
                        int number = numbers.merge(name, 1, Integer::sum);
                        mutants.add(new Mutant(owner, name + " " + number, m, e, sort));
                    }
                }
            }
        }
        return mutants;
    }

    private static boolean applies(Sort sort, CodeElement element) {
        return switch (sort) {
            case NEGATED -> element instanceof BranchInstruction branch && NEGATED.containsKey(branch.opcode());
            case MOVED -> element instanceof BranchInstruction branch && MOVED.containsKey(branch.opcode());
            case OPERATOR ->
                element instanceof OperatorInstruction operator && OPERATORS.containsKey(operator.opcode());
            case NOT_CALLED ->
                element instanceof InvokeInstruction call
                        && call.typeSymbol().returnType().descriptorString().equals("V")
                        && !call.name().stringValue().equals("<init>");
        };
    }

    /** Returns a mutant's classes: those of the packages that decide, loaded anew, one of them changed. */
    static ClassLoader load(Mutant mutant, Set<String> anew) {
        return new ClassLoader(Mutants.class.getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                synchronized (getClassLoadingLock(name)) {
                    boolean own = anew.stream().anyMatch(name::startsWith) && !name.startsWith(Mutants.class.getName());
                    Class<?> known = findLoadedClass(name);
                    return known != null || !own
                            ? known == null ? super.loadClass(name, resolve) : known
                            : define(name);
                }
            }

            private Class<?> define(String name) throws ClassNotFoundException {
                try {
                    Class<?> original = Class.forName(name, false, Mutants.class.getClassLoader());
                    byte[] bytes = original == mutant.owner() ? changed(mutant) : bytes(original);
                    return defineClass(name, bytes, 0, bytes.length);
                } catch (IOException e) {
                    throw new ClassNotFoundException(name, e);
                }
            }
        };
    }

    private static byte[] changed(Mutant mutant) throws IOException {
        ClassModel model = ClassFile.of().parse(bytes(mutant.owner()));
        MethodModel target = model.methods().get(mutant.method());
        return ClassFile.of()
                .transformClass(
                        model,
                        ClassTransform.transformingMethodBodies(
                                method -> method == target, CodeTransform.ofStateful(() -> fault(mutant))));
    }

    private static CodeTransform fault(Mutant mutant) {
        // Elements have no identity: simple instructions are shared.
        int[] at = {0};
        return (builder, each) -> {
            if (at[0]++ == mutant.element()) {
                change(builder, each, mutant.sort());
                return;
            }
            builder.with(each);
            if (each instanceof LabelTarget) {
                builder.invokestatic(SELF, "turn", MethodTypeDesc.ofDescriptor("()V"));
            }
        };
    }

    private static void change(CodeBuilder builder, CodeElement element, Sort sort) {
        switch (sort) {
            case NEGATED -> jump(builder, (BranchInstruction) element, NEGATED);
            case MOVED -> jump(builder, (BranchInstruction) element, MOVED);
            case OPERATOR ->
                builder.with(OperatorInstruction.of(OPERATORS.get(((OperatorInstruction) element).opcode())));
            case NOT_CALLED -> {
                InvokeInstruction call = (InvokeInstruction) element;
                for (ClassDesc parameter : call.typeSymbol().parameterList().reversed()) {
                    if (TypeKind.from(parameter).slotSize() == 2) {
                        builder.pop2();
                    } else {
                        builder.pop();
                    }
                }
                if (call.opcode() != Opcode.INVOKESTATIC) {
                    builder.pop();
                }
            }
        }
    }

    private static void jump(CodeBuilder builder, BranchInstruction branch, Map<Opcode, Opcode> other) {
        builder.with(BranchInstruction.of(other.get(branch.opcode()), branch.target()));
    }

    private static byte[] bytes(Class<?> type) throws IOException {
        try (InputStream in = type.getResourceAsStream(type.getName().replaceAll(".*\\.", "") + ".class")) {
            return in.readAllBytes();
        }
    }
}
