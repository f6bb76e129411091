package dev.cloister.policy.partition;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Scheduling;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Schedule;
import dev.cloister.policy.partition.FrameTable.Frame;
import dev.cloister.policy.partition.FrameTable.Major;
import dev.cloister.policy.partition.FrameTable.Slot;
import dev.cloister.policy.protocol.ScheduleView;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a schedule: a thread of its own walks the frames of all CPUs by absolute moments, so that nothing drifts, stops who has no frame
 * any more, sees that it stands, and only then lets the next one run. A domain's processes stand from the moment that they are
 * {@linkplain #enroll enrolled}, outside their frames always. One thread for all CPUs: their frames share moments, and a major frame
 * begins on all of them at once. Any thread may call.
 */
public final class Partition implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Partition.class);
    /** Above everything that has no real-time priority, below the kernel's own threads of 99. */
    private static final int PRIORITY = 50;
    /** Time until the first frame. */
    private static final long LEAD_NANOS = 5_000_000;
    /**
     * Most time to wait for the sign that a domain stands. Its threads are told at once and run no instruction of their own before they
     * stand; one that the kernel holds in a call (a page read from a disk) may take longer to be counted.
     */
    private static final long STAND_NANOS = 2_000_000;
    /** Most time that closing waits for killed processes to be gone. */
    private static final long CLOSE_NANOS = 200_000_000;
    /** Time between two looks. */
    private static final long LOOK_NANOS = 20_000;

    private final StopperFactory stoppers;
    private final Thread thread;
    private final Object lock = new Object();
    private final List<Member> members = new ArrayList<>();
    private final List<Stopper> leftovers = new ArrayList<>();
    private final AtomicLong cycles = new AtomicLong();
    private final AtomicLong overruns = new AtomicLong();
    private final AtomicLong unconfirmed = new AtomicLong();
    private final Histogram standing = new Histogram();
    private volatile Place current;
    private volatile Place requested;
    private volatile boolean realTime;
    private volatile boolean ended;

    /** A major frame and the schedule that it is of. */
    private record Place(FrameTable table, Major major) {}

    private Partition(Schedule schedule, String major, StopperFactory stoppers) {
        FrameTable table = FrameTable.of(schedule);
        this.stoppers = stoppers;
        this.current = new Place(table, find(table, major).orElse(table.majors().getFirst()));
        this.requested = current;
        this.thread = Thread.ofPlatform().daemon().name("partition").unstarted(this::walk);
    }

    /**
     * Starts a major frame, in which nobody runs until somebody is enrolled.
     *
     * @param schedule the policy's
     * @param major the major frame's name; where the schedule has none of that name it starts with its first
     * @param stoppers how domains are stopped here
     * @return the partition, the caller's to close
     */
    public static Partition start(Schedule schedule, String major, StopperFactory stoppers) {
        Partition partition = new Partition(schedule, major, stoppers);
        partition.thread.start();
        return partition;
    }

    /**
     * Puts a process, and all that it starts from now on, under the schedule: it stands when this returns, until the domain's next frame.
     *
     * @param domain the domain
     * @param pid its process
     * @param lost what is done if it can't be stopped any more, on the partition's thread: it must be killed then
     * @return its place, to be closed when the process is gone
     * @throws IOException if the process is gone or can't be stopped
     */
    public Enrolment enroll(Domain domain, long pid, Runnable lost) throws IOException {
        synchronized (lock) {
            Member member = new Member(domain, stoppers.of(domain.name(), pid), lost);
            members.add(member);
            return member;
        }
    }

    /**
     * Lets another major frame follow at the end of the one that runs.
     *
     * @param name its name
     * @return the name of the major frame that it follows; empty if the schedule has none of that name
     */
    public Optional<String> use(String name) {
        synchronized (lock) {
            Optional<Major> found = find(requested.table(), name);
            found.ifPresent(major -> requested = new Place(requested.table(), major));
            return found.map(_ -> current.major().name());
        }
    }

    private static Optional<Major> find(FrameTable table, String name) {
        return table.majors().stream()
                .filter(major -> major.name().equals(name))
                .findFirst();
    }

    /**
     * Lets another schedule follow at the end of the major frame that runs: with its major frame of the same name as the one that would have
     * followed, or with its first. Who is enrolled stays so, by the domain's id; who has no frame any more stands.
     *
     * @param schedule the schedule
     */
    public void change(Schedule schedule) {
        FrameTable table = FrameTable.of(schedule);
        synchronized (lock) {
            String name = requested.major().name();
            requested = new Place(table, find(table, name).orElse(table.majors().getFirst()));
        }
    }

    /** Returns the names of the major frames. */
    public List<String> majors() {
        return requested.table().majors().stream().map(Major::name).toList();
    }

    /** Ends what a daemon that is gone left stopped; once all that is taken over is enrolled. */
    public void sweep() {
        stoppers.sweep();
    }

    /** Returns which frames run and how punctual they were so far. */
    public ScheduleView view() {
        List<ScheduleView.FrameView> frames = new ArrayList<>();
        for (Major major : current.table().majors()) {
            for (Frame frame : major.frames()) {
                Histogram late = frame.late();
                frames.add(new ScheduleView.FrameView(
                        major.name(),
                        frame.cpu(),
                        frame.index(),
                        frame.name(),
                        frame.nanos(),
                        late.count(),
                        late.quantile(0.5),
                        late.quantile(0.99),
                        late.max()));
            }
        }
        return new ScheduleView(
                current.major().name(),
                requested.major().name(),
                stoppers.mechanism(),
                stoppers.enforced(),
                realTime,
                cycles.get(),
                overruns.get(),
                unconfirmed.get(),
                standing.quantile(0.5),
                standing.quantile(0.99),
                standing.max(),
                frames);
    }

    private void walk() {
        try {
            Scheduling.realTime(PRIORITY);
            realTime = true;
        } catch (ErrnoException e) {
            LOG.warn("frames may begin late under load: {}; grant CAP_SYS_NICE or RLIMIT_RTPRIO", e.getMessage());
        }
        long begin = Scheduling.now() + LEAD_NANOS;
        while (!ended) {
            current = requested;
            Major major = current.major();
            begin = resynchronized(begin, major);
            for (Slot slot : major.slots()) {
                run(slot, begin + slot.at());
            }
            begin += major.nanos();
            cycles.incrementAndGet();
        }
    }

    /** After the host stood still for longer than a major frame, whole ones are left out: the moments stay what they would have been. */
    private long resynchronized(long begin, Major major) {
        long missed = (Scheduling.now() - begin) / major.nanos();
        if (missed > 0) {
            overruns.addAndGet(missed * major.slots().size());
            return begin + missed * major.nanos();
        }
        return begin;
    }

    private void run(Slot slot, long at) {
        Scheduling.sleepUntil(at);
        if (ended) {
            return;
        }
        if (Scheduling.now() >= at + slot.nanos()) {
            overruns.incrementAndGet();
            return;
        }
        synchronized (lock) {
            leftovers.removeIf(Stopper::release);
            standUp(slot, at);
            for (Member member : members) {
                member.begin(slot);
            }
            long late = Scheduling.now() - at;
            for (Frame frame : slot.begins()) {
                if (members.stream().anyMatch(member -> member.domain.equals(frame.domain()) && member.running)) {
                    frame.late().add(late);
                }
            }
        }
    }

    /** Stops who has no frame any more, or has it elsewhere, and waits until they stand. */
    private void standUp(Slot slot, long at) {
        List<Member> told = new ArrayList<>();
        for (Member member : members) {
            if (member.end(slot)) {
                told.add(member);
            }
        }
        if (told.isEmpty()) {
            return;
        }
        long limit = Scheduling.now() + STAND_NANOS;
        while (!told.stream().allMatch(Member::stands) && Scheduling.now() < limit) {
            // Asleep, not spinning: this thread may be on the CPU that they need to come to rest.
            Scheduling.sleepUntil(Scheduling.now() + LOOK_NANOS);
        }
        if (told.stream().allMatch(Member::stands)) {
            standing.add(Scheduling.now() - at);
        } else {
            unconfirmed.incrementAndGet();
        }
    }

    @Override
    public void close() {
        ended = true;
        synchronized (lock) {
            List.copyOf(members).forEach(Member::close);
        }
        // What has just been killed is gone in a moment; what isn't is for the next daemon's sweep.
        long limit = Scheduling.now() + CLOSE_NANOS;
        while (!released() && Scheduling.now() < limit) {
            Scheduling.sleepUntil(Scheduling.now() + STAND_NANOS);
        }
    }

    private boolean released() {
        synchronized (lock) {
            leftovers.removeIf(Stopper::release);
            return leftovers.isEmpty();
        }
    }

    /** A process' place under the schedule. */
    public sealed interface Enrolment extends AutoCloseable permits Member {
        /** The process has been killed: nothing keeps it from dying. */
        void letDie();

        /** The process is gone. */
        @Override
        void close();
    }

    private final class Member implements Enrolment {
        private final UUID domain;
        private final String name;
        private final Stopper stopper;
        private final Runnable lost;
        private BitSet cpus = new BitSet();
        private boolean running;
        private boolean dying;

        Member(Domain domain, Stopper stopper, Runnable lost) {
            this.domain = domain.id();
            this.name = domain.name();
            this.stopper = stopper;
            this.lost = lost;
        }

        /** Stops it at the end of its frame, and where it goes on elsewhere; returns whether it was told to stop. */
        private boolean end(Slot slot) {
            if (!running || dying || cpus.equals(slot.running().get(domain))) {
                return false;
            }
            try {
                stopper.stop();
                running = false;
                return true;
            } catch (IOException e) {
                LOG.error("domain {} can't be stopped at the end of its frame: {}", name, e.getMessage());
                dying = true;
                lost.run();
                return false;
            }
        }

        private boolean stands() {
            try {
                return stopper.stopped();
            } catch (IOException e) {
                return true;
            }
        }

        /** Lets it run if it has a frame. */
        private void begin(Slot slot) {
            BitSet place = slot.running().get(domain);
            if (running || dying || place == null) {
                return;
            }
            try {
                // Every time: the process may have moved itself meanwhile.
                stopper.place(place);
                stopper.resume();
                cpus = place;
                running = true;
            } catch (IOException e) {
                LOG.warn("domain {} misses its frame: {}", name, e.getMessage());
            }
        }

        @Override
        public void letDie() {
            synchronized (lock) {
                dying = true;
                try {
                    stopper.letDie();
                } catch (IOException e) {
                    LOG.debug("domain {}: {}", name, e.getMessage());
                }
            }
        }

        @Override
        public void close() {
            synchronized (lock) {
                if (members.remove(this) && !stopper.release()) {
                    leftovers.add(stopper);
                }
            }
        }
    }
}
