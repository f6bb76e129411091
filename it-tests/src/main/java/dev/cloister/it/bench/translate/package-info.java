/**
 * A prototype that answers one question with numbers: which translator beside the interpreter is worth building. What belongs here runs
 * the same hot mix through the interpreter, through JVM bytecode, and as native code at CPL 3 under KVM; none of it is used by the VMM.
 */
package dev.cloister.it.bench.translate;
