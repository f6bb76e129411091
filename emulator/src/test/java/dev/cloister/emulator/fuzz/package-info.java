/** Hostile bytes for the decoder and the executor: by Jazzer in campaigns, from fixed seeds in every build. */
package dev.cloister.emulator.fuzz;
