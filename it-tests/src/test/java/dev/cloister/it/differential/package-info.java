/**
 * The emulator against the real processor: cases generated from the table of instruction forms run on a KVM vCPU at CPL 3 and on the
 * executor, from the very same bytes and state; what differs is shrunk and printed as a case that can be run again.
 */
package dev.cloister.it.differential;
