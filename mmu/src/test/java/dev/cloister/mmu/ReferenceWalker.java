package dev.cloister.mmu;

import java.util.ArrayList;
import java.util.List;

/**
 * Page walking written a second time, slowly and bit by bit after the text and tables of Intel SDM volume 3, chapter 4, to judge
 * {@link PageWalker} by. It knows entries only as lists of bit positions, builds addresses bit by bit, and shares no code, constant or
 * structure with the walker.
 */
final class ReferenceWalker {
    enum Mode {
        NONE,
        BITS32,
        PAE,
        LEVEL4,
        LEVEL5
    }

    /** A single access in a single machine state. */
    static final class Question {
        long cr0;
        long cr3;
        long cr4;
        long efer;
        int cpl;
        boolean ac;
        int pkru;
        int pkrs;
        int maxPhyAddr;
        boolean page1GB;
        long linear;
        boolean write;
        boolean fetch;
        boolean implicit;
    }

    /** What the manual says happens. */
    static final class Answer {
        boolean fault;
        int errorCode;
        long physical;
        int pageBits;
        boolean readWrite = true;
        boolean userSupervisor = true;
        boolean executeDisable;
        final List<Long> entryAddresses = new ArrayList<>();
        final List<Long> entries = new ArrayList<>();
        /** Whether the entry has an accessed flag. */
        final List<Boolean> hasAccessed = new ArrayList<>();
    }

    private final PhysicalMemory memory;

    ReferenceWalker(PhysicalMemory memory) {
        this.memory = memory;
    }

    static boolean bit(long value, int position) {
        return (value >> position & 1) == 1;
    }

    /** Bits high:low of a value, moved down to 0. */
    static long bits(long value, int high, int low) {
        long result = 0;
        for (int i = low; i <= high; i++) {
            if (bit(value, i)) {
                result |= 1L << (i - low);
            }
        }
        return result;
    }

    /** Whether any of bits high:low is 1. */
    private static boolean any(long value, int high, int low) {
        return high >= low && bits(value, high, low) != 0;
    }

    static Mode mode(Question q) {
        if (!bit(q.cr0, 31)) {
            return Mode.NONE;
        }
        if (!bit(q.cr4, 5)) {
            return Mode.BITS32;
        }
        if (!bit(q.efer, 8)) {
            return Mode.PAE;
        }
        return bit(q.cr4, 12) ? Mode.LEVEL5 : Mode.LEVEL4;
    }

    Answer ask(Question q) {
        Answer answer = new Answer();
        switch (mode(q)) {
            case NONE -> {
                answer.physical = bits(q.linear, 31, 0);
                answer.pageBits = 32;
                return answer;
            }
            case BITS32 -> bits32(q, answer);
            case PAE -> pae(q, answer);
            case LEVEL4 -> levels(q, answer, 4);
            case LEVEL5 -> levels(q, answer, 5);
        }
        if (!answer.fault) {
            rights(q, answer);
        }
        return answer;
    }

    private long entry(Answer answer, long address, int bytes, boolean accessed) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (memory.readByte(address + i) & 0xFFL) << (8 * i);
        }
        answer.entryAddresses.add(address);
        answer.entries.add(value);
        answer.hasAccessed.add(accessed);
        return value;
    }

    /** 4.7: the P flag is 0 if there is no translation because of a P flag that was 0. */
    private static void notPresent(Question q, Answer answer) {
        code(q, answer, false, false, false);
    }

    private static void reserved(Question q, Answer answer) {
        code(q, answer, true, true, false);
    }

    private static void code(Question q, Answer answer, boolean present, boolean reserved, boolean key) {
        boolean userAccess = q.cpl == 3 && !q.implicit;
        boolean smep = bit(q.cr4, 20);
        boolean nxeAndPae = bit(q.efer, 11) && bit(q.cr4, 5);
        int result = 0;
        if (present) {
            result += 1;
        }
        if (q.write) {
            result += 2;
        }
        if (userAccess) {
            result += 4;
        }
        if (reserved) {
            result += 8;
        }
        if (q.fetch && (smep || nxeAndPae)) {
            result += 16;
        }
        if (key) {
            result += 32;
        }
        answer.fault = true;
        answer.errorCode = result;
    }

    private static void restrict(Answer answer, long entry, boolean wide) {
        answer.readWrite = answer.readWrite && bit(entry, 1);
        answer.userSupervisor = answer.userSupervisor && bit(entry, 2);
        answer.executeDisable = answer.executeDisable || wide && bit(entry, 63);
    }

    /** 4.3 with tables 4-3 to 4-6 and figure 4-2, 4-3. */
    private void bits32(Question q, Answer answer) {
        long pdeAddress = bits(q.cr3, 31, 12) * 4096 + bits(q.linear, 31, 22) * 4;
        long pde = entry(answer, pdeAddress, 4, true);
        if (!bit(pde, 0)) {
            notPresent(q, answer);
            return;
        }
        restrict(answer, pde, false);
        if (bit(q.cr4, 4) && bit(pde, 7)) {
            int m = Math.min(40, q.maxPhyAddr);
            if (any(pde, 21, m - 19)) {
                reserved(q, answer);
                return;
            }
            answer.physical = bits(pde, 20, 13) * (1L << 32) + bits(pde, 31, 22) * (1L << 22) + bits(q.linear, 21, 0);
            answer.pageBits = 22;
            return;
        }
        long pteAddress = bits(pde, 31, 12) * 4096 + bits(q.linear, 21, 12) * 4;
        long pte = entry(answer, pteAddress, 4, true);
        if (!bit(pte, 0)) {
            notPresent(q, answer);
            return;
        }
        restrict(answer, pte, false);
        answer.physical = bits(pte, 31, 12) * 4096 + bits(q.linear, 11, 0);
        answer.pageBits = 12;
    }

    /** 4.4 with tables 4-7 to 4-11. */
    private void pae(Question q, Answer answer) {
        long pdpteAddress = bits(q.cr3, 31, 5) * 32 + bits(q.linear, 31, 30) * 8;
        long pdpte = entry(answer, pdpteAddress, 8, false);
        if (!bit(pdpte, 0)) {
            notPresent(q, answer);
            return;
        }
        if (any(pdpte, 2, 1) || any(pdpte, 8, 5) || any(pdpte, 63, q.maxPhyAddr)) {
            reserved(q, answer);
            return;
        }
        long pde = entry(answer, bits(pdpte, 51, 12) * 4096 + bits(q.linear, 29, 21) * 8, 8, true);
        if (!bit(pde, 0)) {
            notPresent(q, answer);
            return;
        }
        boolean nxe = bit(q.efer, 11);
        boolean large = bit(pde, 7);
        if (any(pde, 62, q.maxPhyAddr) || !nxe && bit(pde, 63) || large && any(pde, 20, 13)) {
            reserved(q, answer);
            return;
        }
        restrict(answer, pde, true);
        if (large) {
            answer.physical = bits(pde, 51, 21) * (1L << 21) + bits(q.linear, 20, 0);
            answer.pageBits = 21;
            return;
        }
        long pte = entry(answer, bits(pde, 51, 12) * 4096 + bits(q.linear, 20, 12) * 8, 8, true);
        if (!bit(pte, 0)) {
            notPresent(q, answer);
            return;
        }
        if (any(pte, 62, q.maxPhyAddr) || !nxe && bit(pte, 63)) {
            reserved(q, answer);
            return;
        }
        restrict(answer, pte, true);
        answer.physical = bits(pte, 51, 12) * 4096 + bits(q.linear, 11, 0);
        answer.pageBits = 12;
    }

    /** 4.5 with tables 4-14 to 4-20. Level 5 is PML5E, 4 PML4E, 3 PDPTE, 2 PDE, 1 PTE. */
    private void levels(Question q, Answer answer, int top) {
        long table = bits(q.cr3, 51, 12) * 4096;
        for (int level = top; level >= 1; level--) {
            int low = 12 + 9 * (level - 1);
            long entry = entry(answer, table + bits(q.linear, low + 8, low) * 8, 8, true);
            if (!bit(entry, 0)) {
                notPresent(q, answer);
                return;
            }
            boolean bad = any(entry, 51, q.maxPhyAddr) || !bit(q.efer, 11) && bit(entry, 63);
            boolean maps = level == 1;
            if (level >= 2 && bit(entry, 7)) {
                switch (level) {
                    case 2 -> {
                        maps = true;
                        bad |= any(entry, 20, 13);
                    }
                    case 3 -> {
                        maps = q.page1GB;
                        bad |= !q.page1GB || any(entry, 29, 13);
                    }
                    default -> bad = true;
                }
            }
            if (bad) {
                reserved(q, answer);
                return;
            }
            restrict(answer, entry, true);
            if (maps) {
                answer.physical = bits(entry, 51, low) * (1L << low) + bits(q.linear, low - 1, 0);
                answer.pageBits = low;
                return;
            }
            table = bits(entry, 51, 12) * 4096;
        }
    }

    /** 4.6.1 and 4.6.2, case by case in the manual's order. */
    private static void rights(Question q, Answer answer) {
        boolean wp = bit(q.cr0, 16);
        boolean smep = bit(q.cr4, 20);
        boolean smap = bit(q.cr4, 21);
        boolean userAddress = answer.userSupervisor;
        boolean userAccess = q.cpl == 3 && !q.implicit;
        boolean ok;
        if (!userAccess) {
            if (q.fetch) {
                ok = !answer.executeDisable;
                if (userAddress && smep) {
                    ok = false;
                }
            } else {
                boolean smapLets = !userAddress || !smap || q.ac && !q.implicit;
                ok = smapLets;
                if (q.write && wp && !answer.readWrite) {
                    ok = false;
                }
            }
        } else {
            ok = userAddress;
            if (q.write && !answer.readWrite) {
                ok = false;
            }
            if (q.fetch && answer.executeDisable) {
                ok = false;
            }
        }
        boolean key = false;
        Mode mode = mode(q);
        if (!q.fetch && (mode == Mode.LEVEL4 || mode == Mode.LEVEL5)) {
            long leaf = answer.entries.getLast();
            int index = (int) bits(leaf, 62, 59);
            boolean inForce = userAddress ? bit(q.cr4, 22) : bit(q.cr4, 24);
            int register = userAddress ? q.pkru : q.pkrs;
            boolean ad = bit(register, 2 * index);
            boolean wd = bit(register, 2 * index + 1);
            key = inForce && (ad || wd && q.write && (wp || userAccess));
        }
        if (!ok || key) {
            code(q, answer, true, false, key);
        }
    }
}
