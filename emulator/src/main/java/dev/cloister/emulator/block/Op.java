package dev.cloister.emulator.block;

import org.jspecify.annotations.Nullable;

/**
 * One decoded instruction, or two that were fused: everything that decoding can fix is fixed. Operations are immutable and
 * stateless; an operation that throws has changed nothing.
 *
 * <p>Subclasses with a {@code P} are templates: {@link Templates} loads a copy of the class for every shape, so that the shape is a
 * constant for the JVM's compiler and each copy is compiled by itself.
 */
abstract class Op {
    /** The template that it is a copy of; null for an operation without shape. */
    final @Nullable Class<? extends Op> template;

    final int shape;
    final int dst;
    final int src;
    final int base;
    final int index;
    final int scale;
    final int segment;
    final long displacement;
    final long immediate;

    Op(Operands o) {
        template = o.template;
        shape = o.shape;
        dst = o.dst;
        src = o.src;
        base = o.base;
        index = o.index;
        scale = o.scale;
        segment = o.segment;
        displacement = o.displacement;
        immediate = o.immediate;
    }

    /** Does it. */
    abstract void execute(BlockContext c);

    /**
     * Does it as the last operation of a block.
     *
     * @return the block that follows, or null with RIP set, when the engine has to look
     */
    @Nullable
    Block leave(BlockContext c, Block from) {
        throw new IllegalStateException(getClass() + " can't end a block");
    }

    /** Another operation of the same shape; templates only. */
    Op make(Operands o) {
        throw new IllegalStateException(getClass() + " is no template");
    }

    /** The offset that the memory operand names, cut to the address size. */
    final long offset(BlockContext c, int shape) {
        long offset = displacement;
        if ((shape & Shape.BASE) != 0) {
            offset += c.gpr[base];
        }
        if ((shape & Shape.INDEX) != 0) {
            offset += c.gpr[index] << scale;
        }
        return Shape.cut(shape, offset);
    }

    /** The linear address of the memory operand, checked. */
    final long linear(BlockContext c, int shape, int size, int access) {
        long offset = offset(c, shape);
        return switch (Shape.segmentation(shape)) {
            case Shape.FLAT_64 -> c.canonical(offset, size, segment);
            case Shape.FLAT_32 -> c.within4GiB(offset, size, segment);
            case Shape.BASED -> c.canonical(offset + c.segmentBase(segment), size, segment);
            default -> c.segmented(segment, offset, size, access);
        };
    }
}
