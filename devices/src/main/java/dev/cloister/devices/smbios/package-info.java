/** What a machine tells of itself through SMBIOS: maker and product, processors, memory. */
package dev.cloister.devices.smbios;
