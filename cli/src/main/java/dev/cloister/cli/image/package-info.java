/** {@code cloister image}: makes folders that {@code cloister run --image} boots. Programs of the host fetch, nothing is installed. */
package dev.cloister.cli.image;
