package dev.cloister.it.gates;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.cloister.policy.protocol.ProtocolException;
import org.junit.jupiter.api.Test;

/** The arrows between modules: what each may use, and nothing more. */
class ArchitectureTest {
    private static final String KVM = "dev.cloister.kvm..";
    private static final String LINUX = "dev.cloister.linux..";
    private static final String MMU = "dev.cloister.mmu..";
    private static final String EMULATOR = "dev.cloister.emulator..";
    private static final String DEVICES = "dev.cloister.devices..";
    private static final String POLICY = "dev.cloister.policy..";
    private static final String VMM = "dev.cloister.vmm..";
    private static final String CLI = "dev.cloister.cli..";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.cloister");

    @Test
    void bindingAndMmuStandAlone() {
        mayUseOnly(KVM, KVM, LINUX);
        mayUseOnly(LINUX, LINUX);
        mayUseOnly(MMU, MMU);
    }

    @Test
    void emulatorAndDevicesKnowOnlyTheMmu() {
        mayUseOnly(EMULATOR, EMULATOR, MMU);
        mayUseOnly(DEVICES, DEVICES, MMU);
    }

    @Test
    void policyUsesOfTheBindingOnlyItsLinuxPackage() {
        mayUseOnly(POLICY, POLICY, LINUX);
    }

    @Test
    void vmmUsesTheRoomsBelowItAndNotTheCommand() {
        mayUseOnly(VMM, VMM, KVM, LINUX, MMU, EMULATOR, DEVICES, POLICY);
    }

    @Test
    void theCommandReachesTheMachineOnlyThroughVmmAndPolicy() {
        mayUseOnly(CLI, CLI, VMM, POLICY);
    }

    @Test
    void theDecisionCoreUsesTheJdkAndTheModelAlone() {
        classes()
                .that()
                .resideInAPackage("dev.cloister.policy.decision..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "java.lang..",
                        "java.util..",
                        "java.time..",
                        "org.jspecify.annotations..",
                        "dev.cloister.policy.model..",
                        "dev.cloister.policy.history..",
                        "dev.cloister.policy.decision.."))
                .check(CLASSES);
    }

    @Test
    void whatFeedsTheDecisionCoreUsesTheJdkAndTheModelAlone() {
        classes()
                .that()
                .resideInAPackage("dev.cloister.policy.history..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        "java.lang..",
                        "java.util..",
                        "org.jspecify.annotations..",
                        "dev.cloister.policy.model..",
                        "dev.cloister.policy.history.."))
                .check(CLASSES);
    }

    @Test
    void theDecisionCoreHasNoInputNoOutputAndNoClock() {
        noClasses()
                .that()
                .resideInAnyPackage("dev.cloister.policy.decision..", "dev.cloister.policy.history..")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .check(CLASSES);
    }

    /** Packages are rooms: of two, at most one knows the other. */
    @Test
    void noTwoRoomsOfThePolicyNeedEachOther() {
        slices().matching("dev.cloister.policy.(**)")
                .should()
                .beFreeOfCycles()
                // The one exception that both rooms of a protocol throw.
                .ignoreDependency(resideInAPackage("dev.cloister.policy.wire"), type(ProtocolException.class))
                // Reads a log to explain its decisions again; what it reads was written in the words that it compares.
                .ignoreDependency(
                        resideInAPackage("dev.cloister.policy.explain"), resideInAPackage("dev.cloister.policy.audit"))
                .check(CLASSES);
    }

    @Test
    void noTwoRoomsOfTheVmmNeedEachOther() {
        slices().matching("dev.cloister.vmm.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void noTwoRoomsOfTheCommandNeedEachOther() {
        slices().matching("dev.cloister.cli.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void noRoomOfTheCommandKnowsTheWhole() {
        String whole = "dev.cloister.cli";
        noClasses()
                .that(resideInAPackage(CLI).and(not(resideInAPackage(whole))))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(whole)
                .check(CLASSES);
    }

    @Test
    void onlyTheVmmsProcessKnowsTheWholeMachine() {
        String machine = "dev.cloister.vmm";
        noClasses()
                .that(resideInAPackage(VMM).and(not(resideInAnyPackage(machine, "dev.cloister.vmm.process"))))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(machine)
                .check(CLASSES);
    }

    private static void mayUseOnly(String room, String... allowed) {
        classes()
                .that()
                .resideInAPackage(room)
                .should()
                .onlyDependOnClassesThat(not(resideInAPackage("dev.cloister..")).or(resideInAnyPackage(allowed)))
                .check(CLASSES);
    }
}
