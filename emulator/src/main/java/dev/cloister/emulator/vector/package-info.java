/** MMX, SSE and AVX instructions. */
package dev.cloister.emulator.vector;
