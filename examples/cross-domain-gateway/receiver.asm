; Whoever receives: archives, fusion and watch of the high networks, displays of the low ones.
MOST_TICKS      equ 300
%include "../lib/consumer.inc"

besides:
        ret
