package dev.cloister.cli.text;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code 256M}, {@code 1G}, {@code 65536}: bytes, or with a binary suffix K, M, G. */
public final class ByteSize implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
        if (!text.matches("[0-9]{1,15}[kKmMgG]?")) {
            throw new TypeConversionException(
                    "'" + text + "' is not a size: expected bytes, or a number with K, M or G");
        }
        char last = Character.toUpperCase(text.charAt(text.length() - 1));
        int shift = switch (last) {
            case 'K' -> 10;
            case 'M' -> 20;
            case 'G' -> 30;
            default -> 0;
        };
        String digits = shift == 0 ? text : text.substring(0, text.length() - 1);
        try {
            return Math.multiplyExact(Long.parseLong(digits), 1L << shift);
        } catch (ArithmeticException e) {
            throw new TypeConversionException("'" + text + "' is too large");
        }
    }

    /** Bytes as people read them: {@code 16M}, {@code 1.5G}, {@code 512}. */
    public static String format(long bytes) {
        if (bytes < 1L << 10) {
            return Long.toString(bytes);
        }
        String[] units = {"K", "M", "G", "T"};
        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        String number = value == Math.rint(value)
                ? Long.toString((long) value)
                : String.format(java.util.Locale.ROOT, "%.1f", value);
        return number + units[unit];
    }
}
