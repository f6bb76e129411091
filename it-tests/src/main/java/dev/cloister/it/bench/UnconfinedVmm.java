package dev.cloister.it.bench;

import dev.cloister.linux.Fd;
import dev.cloister.linux.MessageSocket;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.VmmCodec;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;

/**
 * A VMM process that does not enter its sandbox, to tell what that costs. The product has no switch for it, so its parts are put
 * together here; the daemon takes such a process only with {@code --accept-unenforced}.
 */
public final class UnconfinedVmm {
    private static final int CONTROL_FD = 3;

    private UnconfinedVmm() {}

    /**
     * Runs the domain to its end, as {@code VmmMain} does.
     *
     * @param arguments none
     * @throws ReflectiveOperationException if the VMM's own session is another than it was
     * @throws IOException if the control socket fails
     */
    public static void main(String[] arguments) throws ReflectiveOperationException, IOException {
        int code;
        try (MessageSocket socket = MessageSocket.adopt(Fd.own(CONTROL_FD))) {
            ByteBuffer frame = VmmCodec.encode(new FromVmm.Confined("it is the benchmark's"));
            byte[] bytes = new byte[frame.remaining()];
            frame.get(bytes);
            socket.send(bytes);
            Class<?> type = Class.forName("dev.cloister.vmm.process.ControlSession");
            Constructor<?> constructor = type.getDeclaredConstructor(MessageSocket.class);
            constructor.setAccessible(true);
            Method run = type.getDeclaredMethod("run");
            run.setAccessible(true);
            try (AutoCloseable session = (AutoCloseable) constructor.newInstance(socket)) {
                code = (int) run.invoke(session);
            } catch (ReflectiveOperationException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
        Runtime.getRuntime().halt(code);
    }
}
