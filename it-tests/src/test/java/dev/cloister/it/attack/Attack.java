package dev.cloister.it.attack;

import java.util.Locale;

/**
 * What {@link RogueVmm} tries, one per run. Each names what the audit log must hold afterwards about it, and whether its VMM must have
 * been ended by the daemon.
 */
enum Attack {
    /** Maps a one-way region writable: directly, by mprotect and by reopening it through /proc/self/fd. */
    WRITE_READ_ONLY("\"event\":\"channelOpen\"", false),
    /** Makes a sealed region longer, and adds seals. */
    RESIZE_REGION("\"event\":\"channelOpen\"", false),
    /** Sends a frame of random bytes. */
    GARBAGE("\"event\":\"protocolError\"", true),
    /** Sends an empty frame and one of a single byte. */
    SHORT_FRAME("\"event\":\"protocolError\"", true),
    /** Sends a frame above every limit of the protocol. */
    LONG_FRAME("\"event\":\"protocolError\"", true),
    /** Sends a descriptor along, which no message to the daemon carries. */
    SEND_DESCRIPTOR("\"event\":\"protocolError\"", true),
    /** Acknowledges a channel that it was never given. */
    FORGE_ATTACHED("\"event\":\"protocolError\"", true),
    /** Acknowledges the revocation of a channel that nobody revokes. */
    FORGE_REVOKED("\"event\":\"protocolError\"", true),
    /** Answers for another opening of a channel than was asked for. */
    OTHER_EPOCH("\"event\":\"protocolError\"", true),
    /** Claims counters of a channel that is another domain's. */
    FORGE_STATUS("\"event\":\"protocolError\"", true),
    /** Asks for a channel to a domain that does not exist, and to itself. */
    FORGE_REQUEST("\"event\":\"refusal\"|\"event\":\"deny\"|\"event\":\"refuse\"", false),
    /** Reports violations as fast as it can. */
    FLOOD_VIOLATIONS("\"event\":\"violation\"", false),
    /** Sends its state as fast as it can. */
    FLOOD_STATUS("\"event\":\"channelOpen\"", false),
    /** Writes to its log without end. */
    FLOOD_LOG("\"event\":\"channelOpen\"", false),
    /** Writes to its serial line without end. */
    FLOOD_SERIAL("\"event\":\"channelOpen\"", false),
    /** Does not answer a revocation. */
    IGNORE_REVOKE("\"event\":\"channelCut\"", true),
    /** Does not answer the order to stop. */
    IGNORE_STOP("\"event\":\"domainKilled\"", true),
    /** Stops itself, so that it answers nothing. */
    STOP_ITSELF("\"event\":\"domainKilled\"", true),
    /** Closes its control socket and lives on. */
    CLOSE_CONTROL("\"event\":\"domainKilled\"", true);

    private final String audited;
    private final boolean ends;

    Attack(String audited, boolean ends) {
        this.audited = audited;
        this.ends = ends;
    }

    /** A pattern that a record of the audit log contains. */
    String audited() {
        return audited;
    }

    /** Whether the daemon must end the VMM for it. */
    boolean ends() {
        return ends;
    }

    /** The word of the command line that chooses it. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Attack of(String commandLine) {
        for (Attack each : values()) {
            if (each.word().equals(commandLine)) {
                return each;
            }
        }
        throw new IllegalArgumentException(commandLine + ": no attack");
    }
}
