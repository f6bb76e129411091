package dev.cloister.emulator.block;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes operations of template classes. For every shape the template's class file is loaded once more as a hidden class whose class
 * data is the shape: in that copy {@code P} is a constant, so the JVM's compiler removes all that the shape excludes, and profiles
 * and inlining are the copy's own. Any thread.
 */
final class Templates {
    /** Shapes that get a class at most: a guest chooses them, and classes stay. Ordinary guests use some hundreds. */
    private static final int MOST = 4096;

    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
    private static final Map<Class<?>, byte[]> FILES = new ConcurrentHashMap<>();
    private static final Map<Key, Op> PROTOTYPES = new ConcurrentHashMap<>();

    private record Key(Class<? extends Op> template, int shape) {}

    private Templates() {}

    /** Reads the class files of all templates now: a process that enters a sandbox later may find no file any more. */
    static void prepare() {
        List.of(
                        AluOp.class,
                        ConditionOp.class,
                        MoveOp.class,
                        MultiplyOp.class,
                        ShiftOp.class,
                        StackOp.class,
                        StringOp.class,
                        UnaryOp.class)
                .forEach(template -> FILES.computeIfAbsent(template, Templates::read));
    }

    /** The operation of a template for the operands and their shape; null where too many shapes are in use. */
    static @Nullable Op make(Class<? extends Op> template, Operands operands) {
        Key key = new Key(template, operands.shape);
        Op prototype = PROTOTYPES.get(key);
        if (prototype == null) {
            if (PROTOTYPES.size() >= MOST) {
                return null;
            }
            prototype = PROTOTYPES.computeIfAbsent(key, Templates::load);
        }
        operands.template = template;
        return prototype.make(operands);
    }

    /** The shape of the class that asks; 0 in the template itself, which is never used. */
    static int shape(MethodHandles.Lookup lookup) {
        try {
            Integer shape = MethodHandles.classData(lookup, ConstantDescs.DEFAULT_NAME, Integer.class);
            return shape == null ? 0 : shape;
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Op load(Key key) {
        try {
            byte[] file = FILES.computeIfAbsent(key.template, Templates::read);
            Class<?> copy =
                    LOOKUP.defineHiddenClassWithClassData(file, key.shape, true).lookupClass();
            Object op = LOOKUP.findConstructor(copy, MethodType.methodType(void.class, Operands.class))
                    .invoke(new Operands());
            return (Op) op;
        } catch (Throwable e) {
            throw new IllegalStateException("no copy of " + key.template + " for shape " + key.shape, e);
        }
    }

    private static byte[] read(Class<?> template) {
        try (InputStream in = template.getResourceAsStream(template.getSimpleName() + ".class")) {
            if (in == null) {
                throw new IllegalStateException("the class file of " + template + " can't be read");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
