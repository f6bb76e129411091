/**
 * The fast interpreter: blocks of decoded instructions, their cache, the specialised operations that they consist of, and lazy
 * flags. What belongs here makes {@link dev.cloister.emulator.Executor#run} fast and must leave the very state that
 * {@link dev.cloister.emulator.Executor#step} leaves; what an instruction means is defined in
 * {@link dev.cloister.emulator.execute}.
 */
@NullMarked
package dev.cloister.emulator.block;

import org.jspecify.annotations.NullMarked;
