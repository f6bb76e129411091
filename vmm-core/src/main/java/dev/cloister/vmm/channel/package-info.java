/**
 * This machine's side of its channels: their ends, windows and relays, the doorbells that are counted, the page by which a guest asks
 * for a channel, and the count of what it tries against its policy.
 *
 * <p>What belongs here knows channels, descriptors and guest pages, but no engine, no vCPU and no daemon: those are the interfaces
 * {@link dev.cloister.vmm.channel.ChannelSignals}, {@link dev.cloister.vmm.channel.ChannelPages},
 * {@link dev.cloister.vmm.channel.Violations.Listener} and {@link dev.cloister.vmm.channel.RequestPage.Asker}.
 *
 * <p>Threads: a relay has one of its own for each channel of rings; changes come from the control thread, doorbells from vCPUs.
 */
@NullMarked
package dev.cloister.vmm.channel;

import org.jspecify.annotations.NullMarked;
