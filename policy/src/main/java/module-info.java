/** The policy model, its decision core, the daemon with its protocol and client, and the audit log. */
module dev.cloister.policy {
    requires dev.cloister.kvm;
    requires jdk.net;
    requires com.fasterxml.jackson.core;
    requires org.slf4j;
    requires static org.jspecify;

    exports dev.cloister.policy.model;
    exports dev.cloister.policy.partition;
    exports dev.cloister.policy.language;
    exports dev.cloister.policy.alloy;
    exports dev.cloister.policy.analysis;
    exports dev.cloister.policy.analysis.graph;
    exports dev.cloister.policy.decision;
    exports dev.cloister.policy.explain;
    exports dev.cloister.policy.history;
    exports dev.cloister.policy.audit;
    exports dev.cloister.policy.audit.export;
    exports dev.cloister.policy.channel;
    exports dev.cloister.policy.client;
    exports dev.cloister.policy.confinement;
    exports dev.cloister.policy.daemon;
    exports dev.cloister.policy.keeper;
    exports dev.cloister.policy.protocol;
    exports dev.cloister.policy.socket;
    exports dev.cloister.policy.render;
    exports dev.cloister.policy.text;
}
