package dev.cloister.emulator.assembler;

import java.util.List;
import java.util.stream.Collectors;

/** A source could not be assembled; carries every error that was found, in source order. */
public final class AssemblyException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<AssemblyError> errors;

    AssemblyException(List<AssemblyError> errors) {
        super(errors.stream().map(AssemblyError::toString).collect(Collectors.joining("\n")));
        this.errors = List.copyOf(errors);
    }

    /**
     * The errors.
     *
     * @return at least one error
     */
    public List<AssemblyError> errors() {
        return errors;
    }
}
