/** Guest-physical memory and page-table walking; knows neither KVM nor devices. */
module dev.cloister.mmu {
    exports dev.cloister.mmu;
    exports dev.cloister.mmu.shadow;
}
