; The checking guard between a low network and its high one.
MOST_TICKS      equ 300
GRACE_TICKS     equ 20
%include "../lib/checker.inc"
