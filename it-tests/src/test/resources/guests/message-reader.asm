; Reads at most READS messages of `gram` every 50 ms. Says which opening each first message came in, how many came and were lost, and
; "gap" where a number is missing that nobody counted as lost, or "size" where a message is not whole.
%include "../../../../../examples/lib/guest.inc"
%include "../../../../../examples/lib/record.inc"
%include "../../../../../examples/lib/every.inc"

main:
        channel "gram", gram
        call    hear_bells
        mov     edi, 50
        call    start_timer
        print   `reader: begins\n`
        xor     ebx, ebx                ; the last message's opening
        xor     r12d, r12d              ; the number expected next
        xor     r13d, r13d              ; messages that came
        xor     r14d, r14d              ; messages lost
        mov     r15d, 100               ; when to say so
.wait:  call    wait_tick
        mov     rdi, [gram]
        call    stream_accept
        mov     dword [left], READS
.next:  dec     dword [left]
        js      .wait
        mov     rdi, [gram]
        lea     rsi, [message]
        call    record_read
        cmp     rax, RECORDS_NONE
        je      .wait
        inc     r13d
        add     r14d, edx
        add     r12d, edx
        cmp     eax, MESSAGE
        je      .whole
        print   `reader: size\n`
.whole: mov     eax, [message]
        cmp     eax, ebx
        je      .same
        mov     ebx, eax
        mov     r12d, [message + 4]
        print   "reader: message of opening "
        print_number rbx
        print   `\n`
.same:  cmp     r12d, [message + 4]
        je      .sound
        print   `reader: gap\n`
        mov     r12d, [message + 4]
.sound: inc     r12d
        cmp     r13d, r15d
        jb      .next
        add     r15d, 100
        print   "reader: "
        print_number r13
        print   " messages, "
        print_number r14
        print   ` lost\n`
        jmp     .next

        section .bss
        align 8
message: resb   RECORD_ROOM
left:   resd    1
