/**
 * The commands that talk with a running policy daemon, one request each, and what finds it: the state folder
 * ({@link dev.cloister.cli.daemon.StateOption}) and the daemon in it ({@link dev.cloister.cli.daemon.DaemonOption}). The daemon
 * decides; what it answers is printed.
 */
package dev.cloister.cli.daemon;
