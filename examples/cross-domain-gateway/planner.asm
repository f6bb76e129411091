; A planner of a high network: 40 orders in eight seconds; every second one it marks for release.
MESSAGES        equ 40
PERIOD_MS       equ 200
SPOIL_EVERY     equ NEVER
MARK_EVERY   equ 2
%include "../lib/producer.inc"

amend:  ret
