; A planner of a high network: 20 orders in two seconds; every second one it marks for release.
MESSAGES        equ 20
PERIOD_MS       equ 100
SPOIL_EVERY     equ NEVER
MARK_EVERY   equ 2
%include "../lib/producer.inc"

amend:  ret
