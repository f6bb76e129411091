package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import java.util.List;

/** Whether the host and each domain's directory can hold what the policy asks for. */
final class AdmissionAnalysis implements Analysis {
    /** The most channels of one domain: its directory page has that many entries. */
    static final int MAX_CHANNELS = 31;

    /** Bytes of guest-physical address space for the windows of one domain's channels. */
    static final long WINDOW_SPACE = 0xE000_0000L - 0xD020_0000L;

    @Override
    public String id() {
        return "admission";
    }

    @Override
    public String title() {
        return "resources and limits";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().domains().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {
        long memory = 0;
        long cpus = 0;
        for (Domain domain : context.policy().domains()) {
            memory += domain.memory().bytes();
            cpus += domain.cpus().count();
            channels(context, domain, findings);
        }
        findings.note(
                FindingId.RESOURCES,
                context.policy().position(),
                context.policy().domains().size() + " domains with " + (memory >> 10) + " KiB of memory and " + cpus
                        + " virtual CPUs in all");
    }

    private static void channels(AnalysisContext context, Domain domain, Findings findings) {
        List<Flow> flows = context.policy().flowsOf(domain);
        long windows = flows.stream().mapToLong(Flow::windowBytes).sum();
        if (flows.size() > MAX_CHANNELS) {
            findings.error(
                    FindingId.TOO_MANY_CHANNELS,
                    domain.position(),
                    "domain \"" + domain.name() + "\" has " + flows.size() + " channels; its directory holds "
                            + MAX_CHANNELS,
                    "split the domain or merge flows");
        }
        if (windows > WINDOW_SPACE) {
            findings.error(
                    FindingId.WINDOWS_TOO_LARGE,
                    domain.position(),
                    "the channel windows of domain \"" + domain.name() + "\" need " + windows + " bytes; there are "
                            + WINDOW_SPACE,
                    "make records or rings smaller");
        }
    }
}
