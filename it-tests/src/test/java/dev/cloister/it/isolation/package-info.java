/** Guests that try to get out of their virtual machine from inside, each beside siblings that must not notice. */
package dev.cloister.it.isolation;
