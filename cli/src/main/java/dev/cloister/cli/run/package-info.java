/**
 * {@code cloister run}: one guest in this very process, without policy and daemon. Each group of options opens what it names before the
 * process is confined, and says what the machine gets of it.
 */
package dev.cloister.cli.run;
