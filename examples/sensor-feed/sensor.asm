; A sensor in the field: 60 messages in three seconds, and a signal with every tenth. It hears one thing, and only while the policy's
; window for that is open: `recalibrate`.
MESSAGES        equ 60
PERIOD_MS       equ 50
SPOIL_EVERY     equ NEVER
MARK_EVERY      equ 10
%include "../lib/producer.inc"

amend:  ret
