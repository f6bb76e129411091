; The store of artefacts.
MOST_TICKS      equ 300
%include "../lib/consumer.inc"

besides:
        ret
