/** What integer and system instructions do, one at a time, with precise exceptions: segmentation, stacks, gates, event delivery. What belongs here works on an {@link dev.cloister.emulator.execute.Execution}. */
package dev.cloister.emulator.execute;
