package dev.cloister.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.cli.run.DeviceOptionGroup.DiskOption;
import dev.cloister.cli.run.MemoryOptionGroup.PmemOption;
import dev.cloister.vmm.virtio.DiskConfig;
import dev.cloister.vmm.virtio.NetConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What the options about devices say, and what they refuse. */
class DeviceOptionsTest {
    private final DiskOption.Converter disk = new DiskOption.Converter();
    private final NetOption.Converter net = new NetOption.Converter();
    private final SocketOption.Converter sockets = new SocketOption.Converter();
    private final PmemOption.Converter pmem = new PmemOption.Converter();

    @Test
    void aDiskIsAFileWithWhatElseIsSaid() {
        assertThat(disk.convert("a=b.img"))
                .isEqualTo(new DiskOption(Path.of("a=b.img"), false, new DiskConfig.Look("", 1, 0, 0)));
        assertThat(disk.convert("d,iops=7,ro,limit=2M/s,queues=3,serial=a=b"))
                .isEqualTo(new DiskOption(Path.of("d"), true, new DiskConfig.Look("a=b", 3, 2 << 20, 7)));
        assertThat(disk.convert("d,limit=1K,limit=2K").settings().bytesPerSecond())
                .isEqualTo(2048);
    }

    @Test
    void aNetworkIsATapWithWhatElseIsSaid() {
        assertThat(net.convert("tap=t0")).isEqualTo(new NetOption("t0", true, NetConfig.Look.of("t0", "", 0, 0)));
        assertThat(net.convert("offload=off,mtu=1400,limit=1M,mac=02:00:00:00:00:09,tap=t0"))
                .isEqualTo(new NetOption("t0", false, NetConfig.Look.of("t0", "02:00:00:00:00:09", 1400, 1 << 20)));
        assertThat(net.convert("tap=t0,offload=on").offloads()).isTrue();
    }

    @Test
    void aSocketDeviceHasAContextIdAndAPath() {
        assertThat(sockets.convert("cid=3,socket=/tmp/s")).isEqualTo(new SocketOption(3, Path.of("/tmp/s")));
        assertThat(sockets.convert("cid=4294967294,socket=a=b"))
                .isEqualTo(new SocketOption(4_294_967_294L, Path.of("a=b")));
    }

    @Test
    void persistentMemoryIsAFileThatMayBeReadOnly() {
        assertThat(pmem.convert("p")).isEqualTo(new PmemOption(Path.of("p"), false));
        assertThat(pmem.convert("p,ro")).isEqualTo(new PmemOption(Path.of("p"), true));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        ""                     | expected FILE
        ,ro                    | expected FILE
        d,rw                   | 'rw' in 'd,rw': expected FILE, then ro
        d,ro=1                 | 'ro=1' in
        d,serial               | 'serial' in
        d,queues=              | '' is not a number from 0 to 999999999
        d,queues=-1            | '-1' is not a number
        d,queues=0             | queue
        d,iops=1000000000      | '1000000000' is not a number
        d,limit=lots           | 'lots' is not a size
        d,serial=0123456789012345678901234567890 | up to 20
        """)
    void aDiskIsRefusedForWhatIsWrong(String text, String message) {
        refuses(disk, text, message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        ""                     | expected tap=NAME
        mac=02:00:00:00:00:09  | expected tap=NAME
        tap=                   | expected tap=NAME
        tap=t0,offload=maybe   | 'offload=maybe' in 'tap=t0,offload=maybe': expected tap=NAME
        tap=t0,speed=1         | 'speed=1' in
        tap=t0,mtu=100000      | '100000' is not a number from 0 to 99999
        tap=t0,mtu=9           | 68
        tap=t0,mac=nonsense    | nonsense
        tap=a/b                | 'a/b' can't be the name of a tap
        """)
    void aNetworkIsRefusedForWhatIsWrong(String text, String message) {
        refuses(net, text, message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        socket=/s              | expected cid=N,socket=PATH
        cid=3                  | expected cid=N,socket=PATH
        cid=3,socket=          | expected cid=N,socket=PATH
        cid=2,socket=/s        | cid must be 3 to 4294967294
        cid=4294967295,socket=/s | cid must be 3 to 4294967294
        cid=x,socket=/s        | 'x' is not a number
        cid=3,socket=/s,t      | 't' in
        """)
    void aSocketDeviceIsRefusedForWhatIsWrong(String text, String message) {
        refuses(sockets, text, message);
    }

    @Test
    void aSocketsPathHasRoomForThePortsBehindIt() {
        String longest = "/" + "p".repeat(95);
        assertThat(sockets.convert("cid=3,socket=" + longest).path()).isEqualTo(Path.of(longest));
        refuses(sockets, "cid=3,socket=" + longest + "p", "has 97 bytes; expected at most 96");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        ,ro                    | expected FILE or FILE,ro
        p,rw                   | 'rw' in 'p,rw': expected FILE or FILE,ro
        a,b,ro                 | 'b' in
        """)
    void persistentMemoryIsRefusedForWhatIsWrong(String text, String message) {
        refuses(pmem, text, message);
    }

    private static void refuses(ITypeConverter<?> converter, String text, String message) {
        assertThatThrownBy(() -> converter.convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining(message);
    }
}
