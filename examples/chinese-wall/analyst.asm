; The analyst: stays for a minute, takes papers from whichever customer's desk is opened to it, and tells what it has read. The daemon's
; history decides whose these may be; the guest needs no rule of its own.
%include "../lib/guest.inc"
%include "../lib/every.inc"
%include "../lib/message.inc"

TICK_MS         equ 100
MOST_TICKS      equ 600

; r15d: malformed papers
main:   call    hear_bells
        say     `: at the desk\n`
        mov     edi, TICK_MS
        call    start_timer
        xor     r15d, r15d
.wait:  call    wait_interrupt
        lea     rdi, [open_channel]
        call    for_channels
        lea     rdi, [read_papers]
        call    for_channels
        mov     eax, [ticks]
        cmp     eax, MOST_TICKS
        jb      .wait
        say     `: going home\n`
        ret

; read_papers (for for_channels)
read_papers:
        only    KIND_MEMORY, DIRECTION_IN, .done
        lea     rax, [ready]
        cmp     byte [rax + rbx], 0
        je      .done
        mov     rdi, r13
        lea     rsi, [message]
        call    ring_read
        cmp     rax, READ_EMPTY
        je      .done
        test    rax, rax
        js      read_papers
        lea     rsi, [message]
        call    check_message
        test    eax, eax
        jz      .bad
        cmp     dword [message + MESSAGE_TYPE], TYPE_END
        je      .end
        lea     rax, [counts]
        inc     dword [rax + rbx * 4]
        jmp     read_papers
.end:   say     ": "
        mov     rdi, r12
        call    put_text
        print   " "
        lea     rax, [counts]
        mov     edi, [rax + rbx * 4]
        call    put_number
        print   ` papers\n`
        jmp     read_papers
.bad:   inc     r15d
        jmp     read_papers
.done:  ret
