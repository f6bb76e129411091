; logger: receives the daemon's audit stream like any other memory channel, and counts.
%include "../lib/guest.inc"

RECORD_MAX      equ 4096
LOOK_AT         equ 256

main:
        channel "audit", audit
        lea     rdi, [reader]
        mov     rsi, [audit]
        call    ring_own
        mov     rsi, [audit]
        cmp     dword [rsi + ENTRY_RECORD_BYTES], RECORD_MAX
        ja      power_off
        print   `logger: reading the audit stream\n`
        mov     edi, 250                ; looks at the end of the demonstration even if no bell rings
        call    start_timer
        xor     ebx, ebx                ; records
        xor     r12d, r12d              ; refusals
        xor     r13d, r13d              ; violations

.wait:  call    wait_interrupt
.next:  lea     rdi, [reader]
        lea     rsi, [record]
        call    ring_read
        cmp     rax, READ_EMPTY
        je      .wait
        test    rax, rax
        js      .next
        inc     ebx
        mov     r14d, LOOK_AT           ; what is looked for stands at the front
        cmp     rax, r14
        cmovb   r14, rax
        lea     rdi, [refused]
        call    contains
        add     r12d, eax
        lea     rdi, [violation]
        call    contains
        add     r13d, eax
        lea     rdi, [ended]
        call    contains
        test    eax, eax
        jz      .next
        lea     rdi, [last]
        call    contains
        test    eax, eax
        jz      .next

        print   "logger: "
        print_number rbx
        print   " audit records, "
        print_number r12
        print   " refusals, "
        print_number r13
        print   " violations, lost to overrun "
        lea     rdi, [reader]
        print_number [rdi + OWN_LOST]
        print   `\n`
        ret

; contains: rdi = text with a final zero; result eax = 1 if the record's r14 bytes hold it, else 0
contains:
        lea     rsi, [record]
        lea     r8, [rsi + r14]
        mov     al, [rdi]
.find:  cmp     rsi, r8
        jae     .no
        cmp     al, [rsi]
        je      .compare
.on:    inc     rsi
        jmp     .find
.compare:
        mov     ecx, 1
.byte:  mov     dl, [rdi + rcx]
        test    dl, dl
        jz      .yes
        lea     r9, [rsi + rcx]
        cmp     r9, r8
        jae     .no
        cmp     dl, [r9]
        jne     .on
        inc     ecx
        jmp     .byte
.yes:   mov     eax, 1
        ret
.no:    xor     eax, eax
        ret

        section .data
; What the audit log's JSON lines hold.
refused: db     `"event":"refusal"`, 0
violation: db   `"event":"violation"`, 0
ended:  db      `"event":"domainStopped"`, 0
last:   db      `"domain":"command"`, 0
        section .bss
        align 8
reader: resb    OWN_SIZE
record: resb    RECORD_MAX
