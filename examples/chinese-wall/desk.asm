; The desk of a customer: 10 papers in a second, to whoever may have them.
MESSAGES        equ 10
PERIOD_MS       equ 100
SPOIL_EVERY     equ NEVER
MARK_EVERY      equ NEVER
%include "../lib/producer.inc"

amend:  ret
