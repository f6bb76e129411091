package dev.cloister.emulator.assembler;

/** Whether two short words are one slip of the finger apart. */
final class Spelling {
    private Spelling() {}

    /** True for one character changed, left out, put in, or two neighbours swapped. */
    static boolean isNear(String a, String b) {
        int prefix = 0;
        int shorter = Math.min(a.length(), b.length());
        while (prefix < shorter && a.charAt(prefix) == b.charAt(prefix)) {
            prefix++;
        }
        int suffix = 0;
        while (suffix < shorter - prefix && a.charAt(a.length() - 1 - suffix) == b.charAt(b.length() - 1 - suffix)) {
            suffix++;
        }
        int restA = a.length() - prefix - suffix;
        int restB = b.length() - prefix - suffix;
        if (restA == 2 && restB == 2) {
            return a.charAt(prefix) == b.charAt(prefix + 1) && a.charAt(prefix + 1) == b.charAt(prefix);
        }
        return restA <= 1 && restB <= 1;
    }
}
