/** VMM processes that try to get out of what they were handed, and the daemon and siblings that must not notice. */
package dev.cloister.it.attack;
