/**
 * The sandbox that a VMM process puts itself into before it takes its first message: after that the process opens no file and no
 * socket, starts no process, and asks the kernel for nothing that is not on a short list with a reason for each line. What the
 * list allows is data; this package reads it, compiles it, and prepares the JVM for living with it.
 */
@NullMarked
package dev.cloister.vmm.sandbox;

import org.jspecify.annotations.NullMarked;
