/**
 * Named processor models and what a processor asks of its surroundings where no KVM answers: CPUID leaves, model-specific
 * registers with their reserved-bit rules, and the time-stamp counter. What belongs here is what a manual says about
 * identification and MSRs; instructions are elsewhere.
 */
package dev.cloister.emulator.model;
