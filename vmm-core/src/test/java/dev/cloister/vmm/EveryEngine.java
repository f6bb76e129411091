package dev.cloister.vmm;

import dev.cloister.policy.model.Engine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests whose machines run under each engine in turn: what they say holds for all of them. */
@ParameterizedClass
@EnumSource(
        value = Engine.class,
        names = {"DIRECT", "EMULATED"})
abstract class EveryEngine {
    @Parameter
    Engine engine = Engine.DIRECT;

    @BeforeEach
    void choose() {
        TestGuest.use(engine);
    }

    @AfterEach
    void forget() {
        TestGuest.use(Engine.DIRECT);
    }
}
