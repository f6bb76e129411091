/** The {@code cloister} command. */
module dev.cloister.cli {
    requires dev.cloister.vmm;
    requires dev.cloister.policy;
    requires com.fasterxml.jackson.core;
    requires info.picocli;
    requires ch.qos.logback.classic;
    requires ch.qos.logback.core;
    requires org.slf4j;
    requires org.tukaani.xz;

    exports dev.cloister.cli;

    opens dev.cloister.cli to
            info.picocli;
    opens dev.cloister.cli.audit to
            info.picocli;
    opens dev.cloister.cli.command to
            info.picocli;
    opens dev.cloister.cli.daemon to
            info.picocli;
    opens dev.cloister.cli.host to
            info.picocli;
    opens dev.cloister.cli.image to
            info.picocli;
    opens dev.cloister.cli.policy to
            info.picocli;
    opens dev.cloister.cli.run to
            info.picocli;
    opens dev.cloister.cli.text to
            info.picocli;
    opens dev.cloister.cli.up to
            info.picocli;

    provides ch.qos.logback.classic.spi.Configurator with
            dev.cloister.cli.process.LoggingSetup;
}
