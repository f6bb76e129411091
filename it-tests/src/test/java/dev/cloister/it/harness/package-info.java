/** What the whole-system tests share: commands as processes, policies with guests made on the spot, and what a test needs of its host. */
package dev.cloister.it.harness;
