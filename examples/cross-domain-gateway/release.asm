; The releasing guard between a high network and its low one.
MOST_TICKS      equ 300
%include "../lib/releaser.inc"
