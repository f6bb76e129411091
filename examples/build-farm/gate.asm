; The gate: the checking guard that artefacts must pass. It outlives the workers.
MOST_TICKS      equ 150
GRACE_TICKS     equ MOST_TICKS
%include "../lib/checker.inc"
