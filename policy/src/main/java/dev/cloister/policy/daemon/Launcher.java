package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.policy.protocol.ToVmm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Measures a domain's images, asks whether it may start, starts its VMM process and hands it its configuration. */
final class Launcher implements AutoCloseable {
    private final Fabric fabric;
    private final Decider decider;
    private final Journal journal;
    private final EventLoop loop;
    private final List<String> command;
    private final Fd kvm;

    Launcher(Fabric fabric, Decider decider, Journal journal, EventLoop loop, DaemonOptions options)
            throws ErrnoException {
        this.fabric = fabric;
        this.decider = decider;
        this.journal = journal;
        this.loop = loop;
        this.command = options.vmmCommand();
        this.kvm = Linux.open(options.kvmDevice().toString(), Linux.O_RDWR);
    }

    /** Starts a domain or marks it refused. */
    void launch(DomainRuntime runtime, Function<DomainRuntime, VmmLink.Listener> listeners) {
        Domain domain = runtime.domain();
        List<MeasuredImage> images = new ArrayList<>();
        try {
            images.add(MeasuredImage.load(kernel(domain)));
            Optional<ImageFile> initrd = domain.image().initrd();
            if (initrd.isPresent()) {
                images.add(MeasuredImage.load(initrd.get()));
            }
            if (allowed(runtime, images)) {
                start(runtime, images, listeners.apply(runtime));
            }
        } catch (IOException e) {
            String reason = "can't be started: " + describe(e);
            journal.write(AuditKind.REFUSAL, domain.name(), "", reason);
            runtime.refused(reason);
        } finally {
            images.forEach(MeasuredImage::close);
        }
    }

    private boolean allowed(DomainRuntime runtime, List<MeasuredImage> images) throws IOException {
        Domain domain = runtime.domain();
        Optional<String> initrd = images.size() > 1 ? Optional.of(images.get(1).sha256()) : Optional.empty();
        Decision decision = decider.start(domain, images.getFirst().sha256(), initrd);
        String what = measured(kernel(domain), images.getFirst())
                + domain.image()
                        .initrd()
                        .map(file -> ", " + measured(file, images.get(1)))
                        .orElse("");
        boolean granted = journal.write(decision, what);
        if (!granted) {
            runtime.refused(journal.failed() ? "the audit log can't be written" : what);
        }
        return granted;
    }

    private void start(DomainRuntime runtime, List<MeasuredImage> images, VmmLink.Listener listener)
            throws IOException {
        boolean input = console(runtime, false);
        DomainConfig config = DomainLayout.of(fabric.policy(), runtime.domain(), input);
        boolean output = console(runtime, true);
        if (!journal.write(AuditKind.DOMAIN_START, runtime.name(), "", "")) {
            runtime.refused("the audit log can't be written");
            return;
        }
        VmmLink link = new VmmLink(
                loop, command, new VmmLink.ConsoleRights(output, input), runtime.serial(), runtime.log(), listener);
        runtime.born(link);
        List<Fd> fds = new ArrayList<>();
        fds.add(kvm);
        images.forEach(image -> fds.add(image.memory().fd()));
        fds.add(link.childSerial().out());
        link.childSerial().in().ifPresent(fds::add);
        runtime.expect(DomainRuntime.READY);
        runtime.send(new ToVmm.Configure(config), fds);
        link.releaseChildSerial();
    }

    /** Decides on the flow between a domain and the console, if the policy has one. */
    private boolean console(DomainRuntime runtime, boolean output) {
        boolean granted = false;
        for (Flow flow : fabric.policy().flowsOf(runtime.domain())) {
            boolean sends = flow.from() == runtime.domain();
            if (flow.kind() == FlowKind.CONSOLE && sends == output) {
                granted |= fabric.grantConsole(flow);
            }
        }
        return granted;
    }

    private static ImageFile kernel(Domain domain) throws IOException {
        return domain.image()
                .kernel()
                .orElseThrow(() -> new IOException("domain " + domain.name() + " has no kernel, only firmware"));
    }

    private static String measured(ImageFile file, MeasuredImage image) {
        return image.sha256().equals(file.sha256())
                ? file.path() + " has SHA-256 " + image.sha256()
                : file.path() + " has SHA-256 " + image.sha256() + " but the policy (" + file.position() + ") expects "
                        + file.sha256();
    }

    private static String describe(IOException e) {
        return e.getClass() == IOException.class || e instanceof ErrnoException
                ? String.valueOf(e.getMessage())
                : e.getClass().getSimpleName() + ": " + e.getMessage();
    }

    @Override
    public void close() {
        kvm.close();
    }
}
