package dev.cloister.it.attack;

import dev.cloister.it.harness.Host;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * {@code kill -9} of the daemon and of VMMs at random moments of a live installation under load, with an operator at work. Some
 * moments by default; {@code -Dcampaign.kills=1000} for as many as wanted, {@code -Dcampaign.seed=N} for others.
 */
class KillCampaignTest {
    private static final int KILLS = 12;
    /** Kills in one installation: then the other word for the daemon's loss has its turn. */
    private static final int MOST_IN_ONE = 100;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void nothingAcknowledgedIsLostAndNothingStaysBehind() throws Exception {
        int kills = Integer.getInteger("campaign.kills", KILLS);
        long seed = Long.getLong("campaign.seed", 4);
        int each = Math.clamp(kills / 2, 1, MOST_IN_ONE);
        Tally tally = new Tally(kills, seed);
        Census.adoptOrphans(true);
        try {
            for (int part = 0; tally.kills() < kills; part++) {
                String word = part % 2 == 0 ? "sever" : "keep";
                new KillCampaign(word, seed + part, tally).run(Math.min(each, kills - tally.kills()));
            }
        } finally {
            Census.adoptOrphans(false);
            System.out.println(tally);
        }
    }
}
