/** Panama bindings: the {@code /dev/kvm} objects, and the few Linux calls that the JDK lacks. */
module dev.cloister.kvm {
    exports dev.cloister.kvm;
    exports dev.cloister.linux;
}
