package dev.cloister.it.bench;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * The questions that every contender is asked: half of them about declared flows, half about pairs without one, in a fixed random
 * order. Only pairs that no guard mediates are taken, since the rivals' policies state nothing but flows and labels.
 *
 * @param policy the policy
 * @param questions the questions
 */
record PolicyRequests(Policy policy, List<Question> questions) {
    private static final long SEED = 20_260_101;

    /**
     * One question with its right answer by declared flow and label order alone.
     *
     * @param from sender
     * @param to receiver
     * @param kind kind of channel
     * @param declared whether both the flow and the labels allow it
     */
    record Question(Endpoint from, Endpoint to, FlowKind kind, boolean declared) {}

    static PolicyRequests of(Policy policy, int count) {
        Random random = new Random(SEED);
        List<Question> questions = new ArrayList<>();
        List<Endpoint> all = policy.endpoints();
        while (questions.size() < count) {
            Flow flow = policy.flow(random.nextInt(policy.flows().size()));
            Endpoint stranger = all.get(random.nextInt(all.size()));
            boolean plain = Mediation.of(policy, flow.from().index(), flow.to().index()) == Mediation.DOMINATES;
            boolean undeclared = policy.findFlow(flow.from().index(), stranger.index(), flow.kind()) == Policy.NO_FLOW;
            if (plain && undeclared) {
                questions.add(new Question(flow.from(), flow.to(), flow.kind(), true));
                questions.add(new Question(flow.from(), stranger, flow.kind(), false));
            }
        }
        Collections.shuffle(questions, random);
        return new PolicyRequests(policy, List.copyOf(questions));
    }
}
