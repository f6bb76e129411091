/** The {@code cloister} command. */
module dev.cloister.cli {
    requires dev.cloister.vmm;
    requires dev.cloister.policy;
    requires info.picocli;
    requires ch.qos.logback.classic;
    requires org.slf4j;
    requires com.fasterxml.jackson.core;

    exports dev.cloister.cli;

    opens dev.cloister.cli to
            info.picocli;
}
