package dev.cloister.policy.history;

/** Takes contacts as they are made: information of a party has reached an endpoint. */
@FunctionalInterface
public interface Contacts {
    /** Takes none: where nobody keeps a journal. */
    Contacts UNHEARD = (_, _, _) -> {};

    /**
     * Takes one.
     *
     * @param set index of the historic conflict set
     * @param endpoint index of the endpoint
     * @param party index of the party in its set
     */
    void made(int set, int endpoint, int party);
}
