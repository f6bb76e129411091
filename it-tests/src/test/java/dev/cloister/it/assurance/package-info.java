/**
 * Holds the assurance pages to the code: the models of interfaces and of the design, and the traces from requirement to gate or
 * mechanism, code and test. Each is data under {@code docs/assurance/data} or taken from the code itself; a page is what they give.
 */
package dev.cloister.it.assurance;
