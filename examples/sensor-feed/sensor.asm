; A sensor in the field: 160 messages in eight seconds, and a signal with every twentieth. It hears one thing, and only while the policy's
; window for that is open: `recalibrate`.
MESSAGES        equ 160
PERIOD_MS       equ 50
SPOIL_EVERY     equ NEVER
MARK_EVERY      equ 20
%include "../lib/producer.inc"

amend:  ret
