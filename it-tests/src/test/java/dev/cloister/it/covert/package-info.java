/** Signalling against the direction of channels: attempts by both ends together, and how many bits a second they get through. */
package dev.cloister.it.covert;
