; The control room: takes the feed and the signals. Once it asks for a channel back into the field, which no flow declares.
MOST_TICKS      equ 300
ASK_AT          equ 10
WANTED_KIND     equ KIND_MEMORY
WANTED_DIRECTION equ DIRECTION_OUT
%include "../lib/consumer.inc"
%include "../lib/asking.inc"

besides:
        jmp     ask_once

        section .data
wanted_peer: db "sensor", 0
        section .text
