/**
 * The objects behind {@code /dev/kvm}: the system, virtual machines with their memory slots and interrupt routes, virtual CPUs with
 * their register sets and exits. A thin, typed layer: it knows the ABI and who owns what, and decides nothing about guests.
 *
 * <p>Two ways to the same structures live side by side. Constants, accessors and request numbers written by hand serve the running
 * program: they are {@code static final} and cost nothing at start-up. The package {@code dev.cloister.kvm.generated} is jextract's
 * rendering of {@code <linux/kvm.h>}; tests compare the two, and gcc's view where there is a gcc. No class here touches the
 * generated ones, whose initialisation costs more than 100 ms.
 */
package dev.cloister.kvm;
