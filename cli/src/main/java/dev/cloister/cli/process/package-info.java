/**
 * What all processes of a distribution share, whichever of their programs they run: the command line of another one, with this very
 * Java, class path and cache, and how they log.
 */
package dev.cloister.cli.process;
