/**
 * Time as a guest has it: a clock that stands still while the guest is paused, alarms on it, and the timer chips that count it. Nothing
 * here polls: one thread sleeps until the earliest alarm. However short the periods that a guest asks for, alarms of periodic timers go
 * off at most once in {@link dev.cloister.devices.timer.Alarms#SHORTEST_PERIOD_NANOS}.
 */
package dev.cloister.devices.timer;
