package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.virtio.console.ConsoleDevice;
import dev.cloister.devices.virtio.console.ConsolePort;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The console device from the driver's side, queue by queue, without threads: a doorbell is served when the test says so. */
class ConsoleDeviceTest {
    private static final long MULTIPORT = Features.VERSION_1 | 2;
    private static final int TO_DRIVER = 2;
    private static final int TO_DEVICE = 3;

    private final QueueMemory m = new QueueMemory();
    private final StringBuilder said = new StringBuilder();
    private final StringBuilder saidToAgent = new StringBuilder();
    private int room = Integer.MAX_VALUE;
    private final ConsolePort console = new ConsolePort("console", (b, o, n) -> keep(said, b, o, n));
    private final ConsolePort agent = new ConsolePort("org.example.agent-1", (b, o, n) -> keep(saidToAgent, b, o, n));
    private final ConsoleDevice device = new ConsoleDevice(Optional.of(console), List.of(agent));
    private final List<QueueDriver> queues = new ArrayList<>();
    private final TestHost host = new TestHost();
    private final TreeSet<Integer> rung = host.rung();

    ConsoleDeviceTest() {
        for (int i = 0; i < device.traits().queues(); i++) {
            queues.add(new QueueDriver(m, i));
        }
    }

    @AfterEach
    void close() {
        m.close();
    }

    private int keep(StringBuilder where, byte[] bytes, int offset, int length) {
        int taken = Math.min(length, room);
        room -= taken;
        where.append(new String(bytes, offset, taken, StandardCharsets.ISO_8859_1));
        return taken;
    }

    private void serve(int... numbers) {
        for (int number : numbers) {
            rung.add(number);
        }
        while (!rung.isEmpty()) {
            int number = rung.pollFirst();
            device.notified(number, queues.get(number).queue);
        }
    }

    private static String message(int id, int event, int value) {
        return "" + (char) id + "\0\0\0" + (char) event + "\0" + (char) value + "\0";
    }

    private void tell(int id, int event, int value) {
        queues.get(TO_DEVICE).send(message(id, event, value));
        serve(TO_DEVICE);
    }

    private List<String> told() {
        List<String> all = new ArrayList<>();
        for (String each = queues.get(TO_DRIVER).next();
                each != null;
                each = queues.get(TO_DRIVER).next()) {
            all.add(each);
            queues.get(TO_DRIVER).receive(0x100);
        }
        return all;
    }

    private void begin() {
        device.activate(MULTIPORT, host);
        for (int i = 0; i < QueueDriver.SIZE; i++) {
            queues.get(TO_DRIVER).receive(0x100);
        }
        tell(0, 0, 1);
        assertThat(told()).containsExactly(message(0, 1, 1), message(1, 1, 1));
        tell(0, 3, 1);
        tell(1, 3, 1);
        assertThat(told())
                .containsExactly(
                        message(0, 4, 1), message(0, 7, 1) + "console", message(1, 7, 1) + "org.example.agent-1");
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void portsAreAddedNamedAndOpened() {
        begin();
        agent.setConnected(true);
        serve();
        assertThat(told()).containsExactly(message(1, 6, 1));
        agent.setConnected(false);
        serve();
        assertThat(told()).containsExactly(message(1, 6, 0));
        console.setConnected(true);
        serve();
        assertThat(told()).containsExactly(message(0, 6, 1));
        assertThat(device.config().get(4, 4)).isEqualTo(2);
        assertThat(device.config().get(0, 8)).isEqualTo(2L << 32);
    }

    @Test
    void inputWaitsForAnOpenPortAndForBuffers() {
        begin();
        assertThat(agent.offerInput(ascii("hello"), 0, 5)).isEqualTo(5);
        queues.get(4).receive(3);
        serve(4);
        assertThat(queues.get(4).next()).isNull();
        tell(1, 6, 1);
        assertThat(queues.get(4).next()).isEqualTo("hel");
        queues.get(4).receive(100);
        serve(4);
        assertThat(queues.get(4).next()).isEqualTo("lo");
        queues.get(4).receive(100);
        serve(4);
        assertThat(queues.get(4).next()).as("an empty answer helps nobody").isNull();
        tell(1, 6, 0);
        agent.offerInput(ascii("later"), 0, 5);
        serve();
        assertThat(queues.get(4).next()).isNull();
    }

    @Test
    void whatTheSinkDoesNotTakeHoldsTheGuestsBufferUp() {
        begin();
        room = 4;
        queues.get(5).send("sixsix");
        queues.get(5).send("more");
        serve(5);
        assertThat(saidToAgent).hasToString("sixs");
        assertThat(queues.get(5).used()).isZero();
        room = 3;
        agent.outputSpace();
        serve();
        assertThat(saidToAgent).hasToString("sixsixm");
        assertThat(queues.get(5).used()).isOne();
        room = 100;
        agent.outputSpace();
        serve();
        assertThat(saidToAgent).hasToString("sixsixmore");
        assertThat(queues.get(5).used()).isEqualTo(2);
        assertThat(said).isEmpty();
    }

    @Test
    void withoutPortsThereIsATerminalAtOnce() {
        device.activate(Features.VERSION_1, host);
        queues.get(1).send("out");
        queues.get(0).receive(100);
        console.offerInput(ascii("in"), 0, 2);
        serve(0, 1, TO_DRIVER, TO_DEVICE, 4, 5);
        assertThat(said).hasToString("out");
        assertThat(queues.get(0).next()).isEqualTo("in");
        device.writeConfig(8, 4, '!');
        assertThat(said).hasToString("out!");
    }

    @Test
    void aResetForgetsWhatTheDriverSetAndKeepsWhatWaits() {
        begin();
        tell(1, 6, 1);
        room = 1;
        queues.get(5).send("abc");
        serve(5);
        agent.setConnected(true);
        device.reset();
        agent.offerInput(ascii("kept"), 0, 4);
        assertThat(rung).as("nobody is woken").doesNotContain(4, 5);
        rung.clear();
        for (int i = 0; i < device.traits().queues(); i++) {
            queues.set(i, new QueueDriver(m, i + 6));
        }
        room = 100;
        device.activate(MULTIPORT, host);
        serve(4, 5);
        assertThat(saidToAgent).as("the rest of a request of before is gone").hasToString("a");
        queues.get(4).receive(10);
        tell(1, 6, 1);
        assertThat(queues.get(4).next()).isEqualTo("kept");
    }

    @Test
    void badNamesAndTooManyPortsAreRefused() {
        assertThatThrownBy(() -> new ConsolePort("a/b", (b, o, n) -> n)).hasMessageContaining("a/b");
        assertThatThrownBy(() -> new ConsolePort("..", (b, o, n) -> n)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ConsoleDevice(Optional.empty(), List.of(agent, agent)))
                .hasMessageContaining("the same name");
        List<ConsolePort> many = new ArrayList<>();
        for (int i = 0; i <= ConsoleDevice.MAX_PORTS; i++) {
            many.add(new ConsolePort("p" + i, (b, o, n) -> n));
        }
        assertThatThrownBy(() -> new ConsoleDevice(Optional.empty(), many)).hasMessageContaining("at most 30");
    }

    /** Control messages at random, true and false, in any state: the device says only what is defined, and never much. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void noControlMessageConfusesIt(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        device.activate(MULTIPORT, host);
        int answers = 0;
        for (int i = 0; i < 5_000; i++) {
            String text = message(random.nextInt(4), random.nextInt(9), random.nextInt(2));
            queues.get(TO_DEVICE)
                    .send(random.nextInt(4) == 0 ? text.substring(random.nextInt(9)) + random.nextLong() : text);
            serve(TO_DEVICE);
            assertThat(queues.get(TO_DEVICE).next()).as("seed " + seed).isEmpty();
            if (random.nextInt(3) == 0) {
                queues.get(TO_DRIVER).receive(random.nextInt(20));
                serve(TO_DRIVER);
                String answer = queues.get(TO_DRIVER).next();
                answers += answer == null ? 0 : 1;
                if (answer != null && answer.length() >= 6) {
                    assertThat(List.of(1, 4, 6, 7)).as("seed " + seed).contains((int) answer.charAt(4));
                    assertThat((int) answer.charAt(0)).as("seed " + seed).isLessThan(2);
                }
                while (queues.get(TO_DRIVER).outstanding() > 0) {
                    tell(0, 0, 1);
                    queues.get(TO_DEVICE).next();
                    queues.get(TO_DRIVER).next();
                }
            }
        }
        assertThat(answers).as("seed " + seed).isPositive();
    }
}
