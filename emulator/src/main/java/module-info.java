/** The processor in software; knows memory and I/O only as interfaces. */
module dev.cloister.emulator {
    requires transitive dev.cloister.mmu;
    requires static org.jspecify;

    exports dev.cloister.emulator;
    exports dev.cloister.emulator.assembler;
    exports dev.cloister.emulator.cpu;
    exports dev.cloister.emulator.memory;
    exports dev.cloister.emulator.model;
}
