package dev.cloister.emulator.assembler;

import java.util.List;

/** Something that a line asks for; run once in every pass. */
interface Statement {
    /** The largest count of {@code times} and {@code resb}: 64 Mi. */
    long LIMIT = 64L << 20;

    /** Does it, at the pass's location; throws {@link LineError}. */
    void emit(Pass pass);

    /** A label. */
    record Label(String name) implements Statement {
        @Override
        public void emit(Pass pass) {
            pass.symbols().set(name, pass.symbols().here());
        }
    }

    /** {@code name equ value}. */
    record Constant(String name, Expr value) implements Statement {
        @Override
        public void emit(Pass pass) {
            long result = pass.symbols().evaluate(value);
            if (!pass.symbols().sawUnknown()) {
                pass.symbols().set(name, result);
            }
        }
    }

    /** {@code db} and its kin: units of {@code size} bytes. */
    record Data(int size, List<Item> items) implements Statement {
        /** A value, or bytes where {@code value} is null. */
        record Item(Expr value, byte[] bytes, int column) {}

        @Override
        public void emit(Pass pass) {
            for (Item item : items) {
                if (item.value() == null) {
                    pass.append(item.bytes(), 0, item.bytes().length);
                } else {
                    value(pass, item);
                }
            }
        }

        private void value(Pass pass, Item item) {
            long value = pass.symbols().evaluate(item.value());
            if (!pass.symbols().sawUnknown() && !MatchContext.inRange(value, size * 8)) {
                throw new LineError(
                        item.column(), "0x" + Long.toHexString(value) + " does not fit in " + size * 8 + " bits");
            }
            byte[] bytes = new byte[size];
            for (int i = 0; i < size; i++) {
                bytes[i] = (byte) (value >>> 8 * i);
            }
            pass.append(bytes, 0, size);
        }
    }

    /** {@code resb} and its kin. */
    record Reserve(int size, Expr count, int column) implements Statement {
        @Override
        public void emit(Pass pass) {
            pass.fill(size * pass.count(count, column), 0);
        }
    }

    /** {@code times count statement}. */
    record Times(Expr count, Statement body, int column) implements Statement {
        @Override
        public void emit(Pass pass) {
            long n = pass.count(count, column);
            for (long i = 0; i < n; i++) {
                body.emit(pass);
                pass.locate();
            }
        }
    }

    /** {@code align n, fill}: {@code fill} below 0 means nop in code and zero elsewhere. */
    record Align(Expr to, Expr fill, int column) implements Statement {
        @Override
        public void emit(Pass pass) {
            long alignment = pass.symbols().evaluate(to);
            if (alignment <= 0 || alignment > 1 << 20 || Long.bitCount(alignment) != 1) {
                throw new LineError(column, "an alignment is a power of two up to 0x100000, this is " + alignment);
            }
            int with = fill == null ? pass.defaultFill() : (int) pass.symbols().evaluate(fill);
            pass.fill(-pass.symbols().here() & alignment - 1, with);
        }
    }

    /** {@code bits 16|32|64}. */
    record Bits(int bits) implements Statement {
        @Override
        public void emit(Pass pass) {
            pass.bits(bits);
        }
    }

    /** {@code section .name}. */
    record InSection(Section.Name name) implements Statement {
        @Override
        public void emit(Pass pass) {
            pass.section(name);
        }
    }

    /** {@code org address}. */
    record Origin(Expr address, int column) implements Statement {
        @Override
        public void emit(Pass pass) {
            long value = pass.symbols().evaluate(address);
            if (value < 0) {
                throw new LineError(column, "an origin is not negative");
            }
            pass.origin(value);
        }
    }

    /** {@code entry label}. */
    record Entry(Expr target) implements Statement {
        @Override
        public void emit(Pass pass) {
            pass.entry(pass.symbols().evaluate(target));
        }
    }

    /** {@code pvhnote label}. */
    record PvhNote(Expr target, int column) implements Statement {
        @Override
        public void emit(Pass pass) {
            long address = pass.symbols().evaluate(target);
            if (!pass.symbols().sawUnknown() && address >>> 32 != 0) {
                throw new LineError(column, "a PVH entry is a 32-bit physical address");
            }
            pass.pvhEntry(address);
        }
    }
}
