; A sensor of a low network: 40 messages in two seconds, every tenth malformed on purpose.
MESSAGES        equ 40
PERIOD_MS       equ 50
SPOIL_EVERY     equ 10
MARK_EVERY   equ NEVER
%include "../lib/producer.inc"

amend:  ret
