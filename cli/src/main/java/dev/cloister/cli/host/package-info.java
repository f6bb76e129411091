/** What this host can do for guests: {@code cloister doctor} and {@code cloister cpu-models}. Nothing is started or changed. */
package dev.cloister.cli.host;
