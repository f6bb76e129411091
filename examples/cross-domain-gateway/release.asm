; The releasing guard between a high network and its low one.
MOST_TICKS      equ 300
GRACE_TICKS     equ 20
%include "../lib/releaser.inc"
