package dev.cloister.emulator;

final class Form {
    static final Form NONE = new Form();
    final String mnemonic = "";
}
