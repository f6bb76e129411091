package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.control.ConsoleBridge;
import dev.cloister.policy.daemon.control.ControlClient;
import dev.cloister.policy.daemon.control.ControlServer;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.Snapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is attached to the domains' serial lines: any number may look, one at a time may type. Every coming, going and refusal is recorded,
 * before anything is seen or typed. Loop's thread only.
 */
final class ConsoleDesk {
    private static final Logger LOG = LoggerFactory.getLogger(ConsoleDesk.class);
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private final Fabric fabric;
    private final EventLoop loop;
    private final Journal journal;
    private final List<Seat> seats = new ArrayList<>();
    private long attached;

    ConsoleDesk(Fabric fabric, EventLoop loop, Journal journal) {
        this.fabric = fabric;
        this.loop = loop;
        this.journal = journal;
    }

    /** Who asks: the user by the kernel's word, the process by its own. */
    private record Visitor(String user, int pid) {
        String text() {
            return "user " + user + (pid == 0 ? "" : " (process " + pid + ")");
        }

        Map<String, String> facts() {
            Map<String, String> facts = new LinkedHashMap<>();
            facts.put("user", user);
            if (pid != 0) {
                facts.put("pid", Integer.toString(pid));
            }
            return facts;
        }
    }

    /** One attachment to one run of a domain. */
    private record Seat(
            long number, DomainRuntime domain, int run, Visitor visitor, Optional<SerialInput> way, long since) {
        boolean writes() {
            return way.isPresent();
        }

        String flow() {
            return way.map(input -> input.channel().flow().name()).orElse("");
        }

        Snapshot.ConsoleView view() {
            return new Snapshot.ConsoleView(number, visitor.user(), visitor.pid(), access());
        }

        String access() {
            return writes() ? "write" : "read";
        }

        /** Whether nobody else may type there. A run that has ended keeps nobody from the next. */
        boolean holds(DomainRuntime other) {
            return domain == other && writes() && run == other.serial().run();
        }
    }

    /** Connects a client to a domain, or refuses to; the client is told once that is recorded. */
    void attach(ControlServer server, ControlClient client, int asked, ControlRequest request, String user) {
        Optional<DomainRuntime> domain = fabric.domain(request.domain());
        if (domain.isEmpty()) {
            String error = "no domain " + request.domain() + " in policy "
                    + fabric.policy().name();
            server.execute(() -> client.answered(asked, new ControlReply.Failed("unknown-domain", error)));
            return;
        }
        Visitor visitor = new Visitor(user, request.pid());
        Optional<SerialInput> way = request.readOnly() ? Optional.empty() : SerialInput.of(domain.get(), fabric);
        Optional<Seat> holder = way.isEmpty()
                ? Optional.empty()
                : seats.stream().filter(seat -> seat.holds(domain.get())).findFirst();
        if (holder.isPresent()) {
            ControlReply reply = refuse(visitor, holder.get());
            loop.harmlessEffect(() -> server.execute(() -> client.answered(asked, reply)));
        } else {
            admit(server, client, asked, domain.get(), visitor, way.flatMap(ConsoleDesk::duplicate));
        }
    }

    private ControlReply refuse(Visitor visitor, Seat holder) {
        Map<String, String> facts = visitor.facts();
        facts.put("holder", Long.toString(holder.number()));
        String domain = holder.domain().name();
        journal.write(AuditKind.CONSOLE_REFUSED, domain, holder.flow(), facts);
        long seconds = (System.nanoTime() - holder.since()) / NANOS_PER_SECOND;
        return new ControlReply.Failed(
                "busy",
                holder.visitor().text() + " types to " + domain + ", for " + seconds
                        + " s now: wait until that ends, or look on with \"cloister console " + domain
                        + " --read-only\"");
    }

    /** An own descriptor, since the domain may end at any time and its number be used again. */
    private static Optional<SerialInput> duplicate(SerialInput input) {
        try {
            return Optional.of(new SerialInput(input.channel(), input.end().duplicate()));
        } catch (ErrnoException | IllegalStateException e) {
            LOG.debug("serial input: {}", e.getMessage());
            return Optional.empty();
        }
    }

    private void admit(
            ControlServer server,
            ControlClient client,
            int asked,
            DomainRuntime domain,
            Visitor visitor,
            Optional<SerialInput> way) {
        Seat seat = new Seat(++attached, domain, domain.serial().run(), visitor, way, System.nanoTime());
        Map<String, String> facts = facts(seat);
        facts.putAll(visitor.facts());
        seats.add(seat);
        show(domain);
        journal.write(AuditKind.CONSOLE_ATTACHED, domain.name(), seat.flow(), facts);
        loop.effect(new EventLoop.Effect() {
            @Override
            public void run() {
                ConsoleBridge line = new ConsoleBridge(
                        server, client, loop, domain.serial(), seat.run(), way, typed -> leave(seat, typed));
                ControlReply.Console reply = new ControlReply.Console(domain.name(), seat.writes(), seat.run());
                server.execute(() -> client.attached(asked, reply, line));
            }

            @Override
            public void dropped() {
                seats.remove(seat);
                show(domain);
                way.ifPresent(input -> input.end().close());
                ControlReply reply = new ControlReply.Failed("refused", "the audit log can't be written");
                server.execute(() -> client.answered(asked, reply));
            }
        });
    }

    private static Map<String, String> facts(Seat seat) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("client", Long.toString(seat.number()));
        facts.put("access", seat.access());
        return facts;
    }

    private void leave(Seat seat, long typed) {
        if (seats.remove(seat)) {
            show(seat.domain());
            record(seat, Optional.of(typed));
        }
    }

    /** Has the domain's state tell who is attached. */
    private void show(DomainRuntime domain) {
        domain.attended(seats.stream()
                .filter(seat -> seat.domain() == domain)
                .map(Seat::view)
                .toList());
    }

    private void record(Seat seat, Optional<Long> typed) {
        Map<String, String> facts = facts(seat);
        if (seat.writes()) {
            typed.ifPresent(bytes -> facts.put("typed", Long.toString(bytes)));
        }
        journal.write(AuditKind.CONSOLE_DETACHED, seat.domain().name(), seat.flow(), facts);
    }

    /** The daemon ends, and with it what is attached still. */
    void end() {
        seats.forEach(seat -> record(seat, Optional.empty()));
        seats.clear();
    }
}
