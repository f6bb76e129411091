/**
 * What a machine is made from and whom it tells: its configuration and the parts of it, its state, and the events that its
 * owner hears. Values and listeners; nothing here opens or runs anything.
 */
@NullMarked
package dev.cloister.vmm.config;

import org.jspecify.annotations.NullMarked;
