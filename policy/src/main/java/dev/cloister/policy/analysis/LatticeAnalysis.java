package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Lattice;

/** The order of labels. */
final class LatticeAnalysis implements Analysis {
    @Override
    public String id() {
        return "lattice";
    }

    @Override
    public String title() {
        return "lattice";
    }

    @Override
    public int examined(AnalysisContext context) {
        Lattice lattice = context.policy().lattice();
        return lattice.levels().size() + lattice.compartments().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {}
}
