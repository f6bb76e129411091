package dev.cloister.devices.interrupt;

/**
 * The registers of a local APIC by their number: offset in the page divided by 16, or MSR number less 800H (Intel SDM vol. 3, tables 11-1
 * and 11-6). Used with the chips' lock held; {@link #taskPriority} also without.
 */
final class ApicRegisters {
    static final int LVT_TIMER = 0x32;
    static final int LVT_LINT0 = 0x35;
    static final int ERROR_RECEIVED_VECTOR = 1 << 6;

    private static final int ERROR_SENT_VECTOR = 1 << 5;
    private static final int ERROR_ILLEGAL_REGISTER = 1 << 7;
    private static final int ID = 0x02;
    private static final int VERSION = 0x03;
    private static final int TASK_PRIORITY = 0x08;
    private static final int ARBITRATION_PRIORITY = 0x09;
    private static final int PROCESSOR_PRIORITY = 0x0A;
    private static final int END_OF_INTERRUPT = 0x0B;
    private static final int LOGICAL = 0x0D;
    private static final int FORMAT = 0x0E;
    private static final int SPURIOUS = 0x0F;
    private static final int IN_SERVICE = 0x10;
    private static final int TRIGGER = 0x18;
    private static final int REQUESTS = 0x20;
    private static final int ERRORS = 0x28;
    private static final int COMMAND = 0x30;
    private static final int COMMAND_HIGH = 0x31;
    private static final int LVT_THERMAL = 0x33;
    private static final int LVT_ERROR = 0x37;
    private static final int INITIAL = 0x38;
    private static final int CURRENT = 0x39;
    private static final int DIVIDE = 0x3E;
    private static final int SELF = 0x3F;

    /** An integrated APIC with six LVT entries. */
    private static final int VERSION_VALUE = 0x14 | 5 << 16;

    private static final int LVT_ENTRIES = 6;
    private static final int MASKED = 1 << 16;
    private static final int SOFTWARE_ENABLED = 1 << 8;
    private static final int LVT_COMMON = 0xff | MASKED;
    private static final int LVT_TIMER_MODES = 3 << 17;
    private static final int LVT_DELIVERY = 7 << 8;
    private static final int LVT_PIN = LVT_DELIVERY | 1 << 13 | 1 << 15;
    private static final int LVT_READ_ONLY = 1 << 12 | 1 << 14;
    private static final int SPURIOUS_BITS = 0x3ff;
    private static final int DIVIDE_BITS = 0xb;
    private static final int COMMAND_LEVEL = 1 << 14;
    private static final int COMMAND_TRIGGER = 1 << 15;
    private static final int COMMAND_BITS = 0xccfff;
    private static final int FIRST_VECTOR = 16;

    private final LocalApic apic;
    private final int[] lvt = new int[LVT_ENTRIES];
    private volatile int taskPriority;
    private int logical;
    private int format;
    private int spurious;
    private int errors;
    private int newErrors;
    private int command;
    private int commandHigh;

    ApicRegisters(LocalApic apic) {
        this.apic = apic;
        reset();
    }

    /** As after a reset (11.4.7.1), but for LINT0 of the first processor: see {@link LocalApic}. */
    void reset() {
        java.util.Arrays.fill(lvt, MASKED);
        if (apic.number == 0) {
            lvt[LVT_LINT0 - LVT_TIMER] = ApicMessage.EXT_INT << 8;
        }
        taskPriority = 0;
        logical = 0;
        format = -1;
        spurious = 0xff;
        errors = 0;
        newErrors = 0;
        command = 0;
        commandHigh = 0;
    }

    void enterX2apic() {
        logical = apic.number >> 4 << 16 | 1 << (apic.number & 0xf);
    }

    int taskPriority() {
        return taskPriority;
    }

    void setTaskPriority(int value) {
        taskPriority = value;
    }

    boolean softwareEnabled() {
        return (spurious & SOFTWARE_ENABLED) != 0;
    }

    boolean lint0IsExtInt() {
        return (lvt[LVT_LINT0 - LVT_TIMER] & (MASKED | LVT_DELIVERY)) == ApicMessage.EXT_INT << 8;
    }

    /** Whether a logical destination means this APIC (11.6.2.2 and 11.12.10.2). */
    boolean matchesLogical(int destination) {
        if (apic.x2apic()) {
            return destination >>> 16 == logical >>> 16 && (destination & logical & 0xffff) != 0;
        }
        int mine = logical >>> 24;
        if (format >>> 28 == 0xf) {
            return (mine & destination) != 0;
        }
        return mine >> 4 == destination >> 4 && (mine & destination & 0xf) != 0;
    }

    int read(int register) {
        if (register >= IN_SERVICE && register < ERRORS) {
            return vectors(register);
        }
        if (register >= LVT_TIMER && register <= LVT_ERROR) {
            return lvt[register - LVT_TIMER];
        }
        return plain(register);
    }

    private int plain(int register) {
        return switch (register) {
            case ID -> apic.x2apic() ? apic.number : apic.number << 24;
            case VERSION -> VERSION_VALUE;
            case TASK_PRIORITY -> taskPriority;
            case PROCESSOR_PRIORITY -> apic.processorPriority();
            case LOGICAL -> logical;
            case FORMAT -> format;
            case SPURIOUS -> spurious;
            case ERRORS -> errors;
            default -> timerRegister(register);
        };
    }

    private int vectors(int register) {
        VectorSet set = register < TRIGGER ? apic.inService : register < REQUESTS ? apic.levels : apic.requests;
        return set.word(register & 7);
    }

    private int timerRegister(int register) {
        return switch (register) {
            case INITIAL -> (int) apic.timer.initial();
            case CURRENT -> (int) apic.timer.current();
            case DIVIDE -> apic.timer.divideRegister();
            case COMMAND -> command;
            case COMMAND_HIGH -> commandHigh;
            case END_OF_INTERRUPT, ARBITRATION_PRIORITY -> 0;
            default -> {
                error(ERROR_ILLEGAL_REGISTER);
                yield 0;
            }
        };
    }

    void write(int register, int value) {
        if (register >= LVT_TIMER && register <= LVT_ERROR) {
            writeLvt(register, value);
            return;
        }
        switch (register) {
            case TASK_PRIORITY -> taskPriority = value & 0xff;
            case END_OF_INTERRUPT -> apic.endOfInterrupt();
            case LOGICAL -> logical = value & 0xff00_0000;
            case FORMAT -> format = value | 0x0fff_ffff;
            case SPURIOUS -> writeSpurious(value);
            case ERRORS -> latchErrors();
            default -> command(register, value);
        }
    }

    private void latchErrors() {
        errors = newErrors;
        newErrors = 0;
    }

    private void command(int register, int value) {
        switch (register) {
            case COMMAND -> send(value);
            case COMMAND_HIGH -> commandHigh = value;
            case INITIAL -> apic.timer.setInitial(value & 0xffff_ffffL);
            case DIVIDE -> apic.timer.setDivideRegister(value);
            default -> refuse(register);
        }
    }

    private void refuse(int register) {
        boolean readOnly = register == ID
                || register == VERSION
                || register == ARBITRATION_PRIORITY
                || register == PROCESSOR_PRIORITY
                || register == CURRENT
                || register >= IN_SERVICE && register < ERRORS;
        if (!readOnly) {
            error(ERROR_ILLEGAL_REGISTER);
        }
    }

    private void writeSpurious(int value) {
        spurious = value & SPURIOUS_BITS;
        if (!softwareEnabled()) {
            for (int i = 0; i < LVT_ENTRIES; i++) {
                lvt[i] |= MASKED;
            }
        }
    }

    private static int lvtBits(int register) {
        return LVT_COMMON
                | switch (register) {
                    case LVT_TIMER -> LVT_TIMER_MODES;
                    case LVT_ERROR -> 0;
                    case LVT_THERMAL, LVT_THERMAL + 1 -> LVT_DELIVERY;
                    default -> LVT_PIN;
                };
    }

    private void writeLvt(int register, int value) {
        lvt[register - LVT_TIMER] = value & lvtBits(register) | (softwareEnabled() ? 0 : MASKED);
        if (register == LVT_TIMER) {
            apic.timer.setMode(value >> 17 & 3);
        }
    }

    /** An interrupt of this APIC's own, as its LVT entry says (11.5.1). */
    void deliverLocal(int register) {
        int entry = lvt[register - LVT_TIMER];
        if ((entry & MASKED) != 0) {
            return;
        }
        boolean hasMode = register != LVT_TIMER && register != LVT_ERROR;
        int mode = hasMode ? (entry & LVT_DELIVERY) >> 8 : ApicMessage.FIXED;
        if (mode == ApicMessage.NMI) {
            apic.nonMaskable();
        } else if (mode == ApicMessage.FIXED) {
            apic.request(entry & 0xff, false);
        }
    }

    /** Records an error and raises the error interrupt (11.5.3). */
    void error(int bit) {
        boolean fresh = (newErrors & bit) == 0;
        newErrors |= bit;
        if (fresh && (lvt[LVT_ERROR - LVT_TIMER] & 0xff) >= FIRST_VECTOR) {
            deliverLocal(LVT_ERROR);
        }
    }

    /** The interrupt command register (11.6.1). */
    private void send(int value) {
        command = value & COMMAND_BITS;
        int mode = value >> 8 & 7;
        int vector = value & 0xff;
        if (mode <= ApicMessage.LOWEST && vector < FIRST_VECTOR) {
            error(ERROR_SENT_VECTOR);
            return;
        }
        if (mode == ApicMessage.INIT && (value & (COMMAND_LEVEL | COMMAND_TRIGGER)) == COMMAND_TRIGGER) {
            // INIT level de-assert: of no effect on processors with an integrated APIC.
            return;
        }
        boolean x2 = apic.x2apic();
        int destination = x2 ? commandHigh : commandHigh >>> 24;
        ApicMessage message = new ApicMessage(destination, (value & 1 << 11) != 0, x2, mode, vector, false);
        switch (value >> 18 & 3) {
            case 0 -> apic.bus.deliver(message);
            case 1 -> apic.accept(message);
            case 2 -> apic.bus.deliverToAll(message, null);
            default -> apic.bus.deliverToAll(message, apic);
        }
    }

    boolean readMsr(int register, long[] value) {
        if (register == COMMAND) {
            value[0] = command & 0xffff_ffffL | (long) commandHigh << 32;
            return true;
        }
        if (!exists(register) || register == END_OF_INTERRUPT || register == SELF) {
            return false;
        }
        value[0] = read(register) & 0xffff_ffffL;
        return true;
    }

    boolean writeMsr(int register, long value) {
        if (register == COMMAND) {
            if ((value & 0xffff_ffffL & ~COMMAND_BITS) != 0) {
                return false;
            }
            commandHigh = (int) (value >>> 32);
            send((int) value);
            return true;
        }
        if (!exists(register) || value >>> 32 != 0 || !writable(register, (int) value)) {
            return false;
        }
        if (register == SELF) {
            apic.accept(new ApicMessage(0, false, true, ApicMessage.FIXED, (int) value & 0xff, false));
        } else {
            write(register, (int) value);
        }
        return true;
    }

    /** The registers of x2APIC mode: no arbitration priority, format nor second half of the command register. */
    private static boolean exists(int register) {
        return register == ID
                || register == VERSION
                || register == TASK_PRIORITY
                || register >= PROCESSOR_PRIORITY && register <= LOGICAL && register != 0x0C
                || register >= SPURIOUS && register <= ERRORS
                || register >= LVT_TIMER && register <= CURRENT
                || register >= DIVIDE && register <= SELF;
    }

    /** Reserved bits raise #GP, read-only ones are ignored (11.12.1.2). */
    private static boolean writable(int register, int value) {
        return switch (register) {
            case TASK_PRIORITY, SELF -> (value & ~0xff) == 0;
            case END_OF_INTERRUPT, ERRORS -> value == 0;
            case SPURIOUS -> (value & ~SPURIOUS_BITS) == 0;
            case DIVIDE -> (value & ~DIVIDE_BITS) == 0;
            case INITIAL -> true;
            default ->
                register >= LVT_TIMER && register <= LVT_ERROR && (value & ~(lvtBits(register) | LVT_READ_ONLY)) == 0;
        };
    }
}
