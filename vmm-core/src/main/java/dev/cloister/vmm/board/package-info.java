/**
 * What the guest finds around its processors, whatever executes it: buses, legacy devices, firmware's tables, the console, and
 * the control that pauses and ends a run.
 */
@NullMarked
package dev.cloister.vmm.board;

import org.jspecify.annotations.NullMarked;
