package dev.cloister.emulator.block;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Makes bytecode of blocks that have been executed often. Each gets a hidden class of its own, which the JVM unloads once the block is
 * gone; the {@link BlockCache} bounds how many there are. Belongs to one processor.
 */
final class Translator {
    /** How often a block is interpreted before it is translated, where nobody says. */
    static final int DEFAULT_AFTER = 50_000;
    /** Translations that one processor keeps at most; when there are more, all are forgotten and the hottest come again. */
    static final int MOST = 2048;

    private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();
    private static final ClassDesc SELF = ClassDesc.of(Translator.class.getPackageName(), "TranslatedBlock");
    private static final ClassDesc PARENT = Translated.class.describeConstable().orElseThrow();
    private static final ClassDesc OPS = Op[].class.describeConstable().orElseThrow();
    private static final MethodTypeDesc MADE_OF = MethodTypeDesc.of(ConstantDescs.CD_void, OPS);
    private static final MethodTypeDesc RUN = MethodTypeDesc.of(
            Block.class.describeConstable().orElseThrow(),
            BlockContext.class.describeConstable().orElseThrow(),
            Block.class.describeConstable().orElseThrow());
    // Nothing in a block joins two types: no class file has to be looked for.
    private static final ClassFile FILES = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(
            name -> ClassHierarchyResolver.ClassHierarchyInfo.ofClass(ConstantDescs.CD_Object)));

    private final BlockCache cache;
    private int after = DEFAULT_AFTER;

    Translator(BlockCache cache) {
        this.cache = cache;
    }

    /** How often a block is interpreted first; 0 for ever. */
    void setAfter(int executions) {
        after = executions;
    }

    /** Whether a block that was executed so often is to be translated now. */
    boolean isHot(int heat) {
        return heat == after;
    }

    /** The bytecode of a block. */
    Translated translate(Block block, Op[] ops) {
        cache.countTranslation();
        byte[] file = FILES.build(
                SELF,
                c -> c.withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER)
                        .withSuperclass(PARENT)
                        .withMethodBody(
                                ConstantDescs.INIT_NAME,
                                MADE_OF,
                                0,
                                m -> m.aload(0)
                                        .aload(1)
                                        .invokespecial(PARENT, ConstantDescs.INIT_NAME, MADE_OF)
                                        .return_())
                        .withMethodBody("run", RUN, 0, m -> new BlockWriter(new BlockCode(m), block, ops).write()));
        try {
            MethodHandles.Lookup made = LOOKUP.defineHiddenClass(file, true);
            return (Translated) made.findConstructor(made.lookupClass(), MethodType.methodType(void.class, Op[].class))
                    .invoke(ops);
        } catch (Throwable e) {
            throw new IllegalStateException("no bytecode for the block at rip 0x" + Long.toHexString(block.rip), e);
        }
    }
}
