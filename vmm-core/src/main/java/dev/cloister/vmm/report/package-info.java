/**
 * What is told of a machine's run: how it ended, what it cost, the fault that ended it, and the exception that says why one
 * could not be made. Knows no machine; everything above may say its results in these words.
 */
@NullMarked
package dev.cloister.vmm.report;

import org.jspecify.annotations.NullMarked;
