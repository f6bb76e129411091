/** Disks of whole guests: what a guest has flushed outlasts its VMM, and root disks that Debian boots from. */
package dev.cloister.it.disk;
