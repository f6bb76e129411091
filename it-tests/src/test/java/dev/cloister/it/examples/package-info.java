/** Every policy of the examples folder: checked, formatted, run as its page says, and its connectivity tests passed. */
package dev.cloister.it.examples;
