; The sources: offers jobs, four in a second, to whatever worker there is; a job that nobody takes is offered to nobody else.
MESSAGES        equ 48
PERIOD_MS       equ 250
SPOIL_EVERY     equ NEVER
MARK_EVERY      equ NEVER
%include "../lib/producer.inc"

amend:  ret
