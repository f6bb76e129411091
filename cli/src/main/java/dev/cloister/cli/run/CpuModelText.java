package dev.cloister.cli.run;

import dev.cloister.vmm.processor.CpuModels;
import dev.cloister.vmm.report.MachineException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the value of {@code --cpu-model}: what names no processor is an error of use. */
final class CpuModelText implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
        try {
            CpuModels.require(value);
            return value;
        } catch (MachineException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
