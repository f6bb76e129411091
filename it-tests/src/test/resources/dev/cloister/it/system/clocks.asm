; A Linux program for the clocks and the address translation of a machine with argv[1] processors (2 to 9). Prints
;   SAMPLE before pm after tsc rtc     nanoseconds of CLOCK_MONOTONIC before and after the ACPI timer was read between them, the
;                                      time-stamp counter there, and minutes and seconds of the CMOS clock as BCD
;   ORDER rounds tsc monotonic         how often all processors in turn looked at both clocks, and how often one stood before the last
;   REMAPS count checks stale          how often a page was exchanged, how often others looked, how often they saw the old one
; and waits for a line on its input before the last SAMPLE.
        format  elf64
        entry   start
        section .text
        bits    64

SYS_READ equ 0
SYS_WRITE equ 1
SYS_MMAP equ 9
SYS_PWRITE equ 18
SYS_YIELD equ 24
SYS_CLONE equ 56
SYS_EXIT equ 60
SYS_WAIT equ 61
SYS_FTRUNCATE equ 77
SYS_IOPL equ 172
SYS_AFFINITY equ 203
SYS_CLOCK equ 228
SYS_MEMFD equ 319
STORM_NANOS equ 3000000000
REMAPS equ 300

start:  mov     rax, [rsp + 16]
        movzx   eax, byte [rax]
        sub     eax, '0'
        mov     [cpus], rax
        mov     edi, 3
        mov     eax, SYS_IOPL
        syscall
        test    rax, rax
        jnz     refused
        call    sample
        call    order
        call    remap
        xor     edi, edi
        lea     rsi, [line]
        mov     edx, 1
        mov     eax, SYS_READ
        syscall
        call    sample
        xor     edi, edi
        mov     eax, SYS_EXIT
        syscall
refused:
        mov     edi, 1
        mov     eax, SYS_EXIT
        syscall

; RAX: CLOCK_MONOTONIC in nanoseconds. Changes RCX, RDX, RDI, RSI, R11.
now:    sub     rsp, 24
        mov     edi, 1
        mov     rsi, rsp
        mov     eax, SYS_CLOCK
        syscall
        mov     rax, [rsp]
        imul    rax, rax, 1000000000
        add     rax, [rsp + 8]
        add     rsp, 24
        ret

; RAX: the time-stamp counter. Changes RDX.
counter:
        lfence
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        ret

; The closest of 30 readings, so that what else runs between two of them counts little.
sample: mov     ebx, 30
        mov     r12, -1
.again: call    now
        mov     r13, rax
        mov     dx, 0x608
        in      eax, dx
        mov     r14d, eax
        call    counter
        mov     r15, rax
        call    now
        mov     rcx, rax
        sub     rcx, r13
        cmp     rcx, r12
        jae     .worse
        mov     r12, rcx
        mov     [before], r13
        mov     [timer], r14
        mov     [stamp], r15
        mov     [after], rax
.worse: dec     ebx
        jnz     .again
.busy:  mov     al, 10
        out     0x70, al
        in      al, 0x71
        test    al, 0x80
        jnz     .busy
        mov     al, 2
        out     0x70, al
        in      al, 0x71
        movzx   ebx, al
        shl     ebx, 8
        xor     eax, eax
        out     0x70, al
        in      al, 0x71
        movzx   eax, al
        or      ebx, eax
        lea     rsi, [t_sample]
        call    text
        mov     rax, [before]
        call    number
        mov     rax, [timer]
        call    number
        mov     rax, [after]
        call    number
        mov     rax, [stamp]
        call    number
        mov     eax, ebx
        call    number
        jmp     newline

; Runs this thread on processor EDI only.
settle: mov     ecx, edi
        mov     eax, 1
        shl     rax, cl
        mov     [rsp - 16], rax
        xor     edi, edi
        mov     esi, 8
        lea     rdx, [rsp - 16]
        sub     rsp, 32
        mov     eax, SYS_AFFINITY
        syscall
        add     rsp, 32
        ret

; Starts RBP on every processor but the first, with its number in EBX, in the same address space.
others: mov     rbx, 1
.next:  cmp     rbx, [cpus]
        jae     .done
        mov     edi, 0x111
        mov     rsi, rbx
        shl     rsi, 12
        lea     rax, [stacks]
        add     rsi, rax
        xor     edx, edx
        xor     r10d, r10d
        xor     r8d, r8d
        mov     eax, SYS_CLONE
        syscall
        test    rax, rax
        jz      .child
        inc     rbx
        jmp     .next
.child: mov     edi, ebx
        call    settle
        call    rbp
        xor     edi, edi
        mov     eax, SYS_EXIT
        syscall
.done:  xor     edi, edi
        jmp     settle

; Waits for all that others has started.
join:   mov     rbx, [cpus]
.next:  dec     rbx
        jz      .done
        mov     rdi, -1
        xor     esi, esi
        xor     edx, edx
        xor     r10d, r10d
        mov     eax, SYS_WAIT
        syscall
        jmp     .next
.done:  ret

yield:  mov     eax, SYS_YIELD
        syscall
        ret

order:  lea     rsi, [t_storm]
        call    text
        call    newline
        call    now
        mov     rcx, STORM_NANOS
        add     rax, rcx
        mov     [until], rax
        lea     rbp, [look]
        call    others
        call    look
        call    join
        lea     rsi, [t_order]
        call    text
        mov     rax, [rounds]
        call    number
        mov     rax, [tsc_back]
        call    number
        mov     rax, [mono_back]
        call    number
        jmp     newline

look:   mov     eax, 1
        xchg    eax, [lock]
        test    eax, eax
        jz      .mine
        call    yield
        jmp     look
.mine:  call    counter
        cmp     rax, [tsc_last]
        jae     .tsc
        inc     qword [tsc_back]
.tsc:   mov     [tsc_last], rax
        call    now
        cmp     rax, [mono_last]
        jae     .mono
        inc     qword [mono_back]
.mono:  mov     [mono_last], rax
        inc     qword [rounds]
        mov     dword [lock], 0
        cmp     rax, [until]
        jb      look
        ret

; A page of one address is exchanged for another again and again, each time after somebody has looked at the one before; in between
; [sequence] is even and tells which it is.
remap:  lea     rdi, [t_remaps]
        xor     esi, esi
        mov     eax, SYS_MEMFD
        syscall
        mov     r12, rax
        mov     rdi, r12
        mov     esi, 8192
        mov     eax, SYS_FTRUNCATE
        syscall
        mov     rdi, r12
        lea     rsi, [ones]
        mov     edx, 8
        mov     r10d, 4096
        mov     eax, SYS_PWRITE
        syscall
        mov     qword [sequence], 0
        call    exchange
        lea     rbp, [watch]
        call    others
        mov     r13d, REMAPS
.next:  call    exchange
        mov     r14, [checks]
.seen:  call    yield
        cmp     r14, [checks]
        je      .seen
        dec     r13d
        jnz     .next
        mov     qword [ended], 1
        call    join
        lea     rsi, [t_remaps]
        call    text
        mov     eax, REMAPS
        call    number
        mov     rax, [checks]
        call    number
        mov     rax, [stale]
        call    number
        jmp     newline

exchange:
        inc     qword [sequence]
        mov     edi, 0x40000000
        mov     esi, 4096
        mov     edx, 1
        mov     r10d, 0x11
        mov     r8, r12
        mov     r9, [sequence]
        inc     r9
        shr     r9, 1
        and     r9d, 1
        shl     r9, 12
        mov     eax, SYS_MMAP
        syscall
        inc     qword [sequence]
        ret

watch:  mov     edi, 0x40000000
.next:  mov     rcx, [sequence]
        test    cl, 1
        jnz     .again
        mov     rax, [rdi]
        cmp     rcx, [sequence]
        jne     .again
        lock inc qword [checks]
        shr     rcx, 1
        and     ecx, 1
        cmp     rax, rcx
        je      .again
        lock inc qword [stale]
.again: cmp     qword [ended], 0
        je      .next
        ret

; Prints the text at RSI, which ends with 0.
text:   mov     rdx, -1
.count: inc     rdx
        cmp     byte [rsi + rdx], 0
        jne     .count
        mov     edi, 1
        mov     eax, SYS_WRITE
        syscall
        ret

; Prints a blank and RAX in decimal.
number: lea     rsi, [line + 31]
        mov     ecx, 10
.digit: xor     edx, edx
        div     rcx
        add     dl, '0'
        mov     [rsi], dl
        dec     rsi
        test    rax, rax
        jnz     .digit
        mov     byte [rsi], ' '
        lea     rdx, [line + 32]
        sub     rdx, rsi
        mov     edi, 1
        mov     eax, SYS_WRITE
        syscall
        ret

newline:
        lea     rsi, [t_line]
        jmp     text

        section .data
        align   8
ones:   dq      1
cpus:   dq      0
lock:   dd      0, 0
tsc_last:  dq   0
mono_last: dq   0
tsc_back:  dq   0
mono_back: dq   0
rounds: dq      0
until:  dq      0
sequence:  dq   0
ended:  dq      0
checks: dq      0
stale:  dq      0
before: dq      0
after:  dq      0
timer:  dq      0
stamp:  dq      0
t_sample:  db   "SAMPLE", 0
t_storm:   db   "STORM", 0
t_order:   db   "ORDER", 0
t_remaps:  db   "REMAPS", 0
t_line: db      10, 0
        section .bss
line:   resb    32
        align   4096
stacks: resb    65536
