; Keeps a copy of the feed.
MOST_TICKS      equ 300
%include "../lib/consumer.inc"

besides:
        ret
