/**
 * The host's ends of a guest's consoles and ports: streams, files and sockets. What the guest sees of them is in the devices module.
 */
@NullMarked
package dev.cloister.vmm.console;

import org.jspecify.annotations.NullMarked;
