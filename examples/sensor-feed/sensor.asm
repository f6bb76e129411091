; A sensor in the field: 240 messages in twelve seconds, and a signal with every twentieth. It hears one thing, and only while the policy's
; window for that is open: `recalibrate`.
MESSAGES        equ 240
PERIOD_MS       equ 50
SPOIL_EVERY     equ NEVER
MARK_EVERY      equ 20
%include "../lib/producer.inc"

amend:  ret
