/** Runs the SPIN models of docs/assurance/models and their twins with a flaw each. */
package dev.cloister.it.models;
