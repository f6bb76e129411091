; The logging domain: sees the audit stream and nothing else.
QUIET_TICKS     equ 60
%include "../lib/logger.inc"
